import { AsyncLocalStorage } from 'node:async_hooks'
import type { Random } from '../fuzz/random.ts'
import type { Input } from './sdk.ts'
import type { Transport } from './transports/transport.ts'
import type { Parcel, World } from './world.ts'

/** A function as the network sees it. */
export interface Callable {
  readonly name: string
  readonly batchSize: number
  readonly checksSubject: boolean
  invoke(event: Input, lambdaContext: unknown): Promise<unknown>
}

interface Queued {
  readonly parcel: Parcel
  readonly record: Input
  readonly id: string
  receives: number
}

const MOST_RECEIVES = 3

/**
 * What is between the functions: queues, streams, buses and invocations as AWS runs them. At least once, out of order
 * where AWS says so, in batches of any size, again after a failure, and from the dead-letter queue at last.
 */
export class Network {
  readonly #world: World
  readonly #random: Random
  readonly #functions = new Map<string, Callable>()
  readonly #queues = new Map<string, Queued[]>()
  readonly #polled = new Set<string>()
  #ids = 0
  /** Functions are processes of their own: nothing of the caller's async context reaches them. */
  readonly #elsewhere = AsyncLocalStorage.snapshot()

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  add(callable: Callable): void {
    this.#functions.set(callable.name, callable)
  }

  #function(name: string): Callable {
    const found = this.#functions.get(name)
    if (found === undefined) throw new Error(`there is no function ${name}`)
    return found
  }

  #invoke(name: string, event: Input, lambdaContext: unknown): Promise<unknown> {
    return this.#elsewhere(() => this.#function(name).invoke(event, lambdaContext))
  }

  /** Takes a stamped command's entries. Resolves as the SDK's call does; synchronous invocations when they are done. */
  async accept(transport: Transport, sent: readonly { parcel: Parcel; entry: Input }[]): Promise<unknown> {
    const copies = this.#random.chance(this.#world.plan.faults.duplicated) ? [...sent, ...sent] : sent
    const calls: Promise<void>[] = []
    const meant = new Map(sent.map((one) => [one.parcel.id, this.#tampered(one.parcel, one.entry)]))
    for (const { parcel, entry } of copies) {
      this.#ids += 1
      const { event, lambdaContext } = transport.deliver(meant.get(parcel.id) ?? entry, `${this.#ids}`)
      if (transport.inbound === 'records') {
        this.#enqueue(transport, parcel, event, `${this.#ids}`)
        if (transport.service === 'DynamoDB' && this.#random.chance(0.15)) this.#change(transport, parcel, event)
      } else if (transport.service === 'Lambda' && !('InvocationType' in entry)) {
        calls.push(this.#deliver(parcel, event, lambdaContext))
      } else this.#spawn(() => this.#deliver(parcel, event, lambdaContext))
    }
    await Promise.all(calls)
    return {}
  }

  /** A request over HTTP, in one of the shapes that an integration gives it. Resolves to its status. */
  async request(url: URL, parcel: Parcel, headers: Headers): Promise<number> {
    const all = Object.fromEntries(headers)
    const event = httpEvent(this.#random, all, parcel.text)
    await this.#world.scheduler.pause()
    try {
      const response = (await this.#invoke(url.hostname.split('.')[0] ?? '', event, {})) as Input | undefined
      return Number(response?.['statusCode'] ?? 200)
    } catch {
      return 502
    }
  }

  /** An event that one function gets alone; invoked again when it fails. */
  async #deliver(parcel: Parcel, event: Input, lambdaContext: unknown): Promise<void> {
    for (let tries = 0; tries < 8; tries += 1) {
      await this.#world.scheduler.pause()
      try {
        await this.#invoke(parcel.to, event, lambdaContext)
        return
      } catch {
        this.#world.say(() => `parcel-${parcel.id} failed, is invoked again`)
      }
    }
  }

  #enqueue(transport: Transport, parcel: Parcel, record: Input, id: string): void {
    const { to } = parcel
    const queue = this.#queues.get(to) ?? []
    this.#queues.set(to, queue)
    queue.push({ parcel, record, id, receives: 0 })
    if (this.#polled.has(to)) return
    this.#polled.add(to)
    const ordered = transport.service === 'Kinesis' || transport.service === 'DynamoDB'
    this.#spawn(() => this.#poll(transport, to, queue, ordered))
  }

  /** Somebody without Waybill changes an item: it still has the stamp of whoever wrote it. */
  #change(transport: Transport, { to }: Parcel, record: Input): void {
    const { parcels } = this.#world
    const text = `parcel-${parcels.length} is a change by somebody else`
    const parcel: Parcel = {
      id: parcels.length,
      attempt: undefined,
      text,
      to,
      sender: undefined,
      problem: undefined,
      arrived: { kind: 'nothing' },
      failuresLeft: 0,
      handled: 0,
      ...('_waybill' in imageOf(record) ? { changed: true } : {}),
    }
    parcels.push(parcel)
    this.#ids += 1
    const OldImage = imageOf(record)
    const dynamodb = { NewImage: { ...OldImage, text: { S: text } }, OldImage, StreamViewType: 'NEW_AND_OLD_IMAGES' }
    const change = { ...record, eventID: `${this.#ids}`, eventName: 'MODIFY', dynamodb }
    this.#enqueue(transport, parcel, change, `${this.#ids}`)
  }

  /** Until the queue is empty. Standard queues are polled by several at once, a shard by one. */
  async #poll(transport: Transport, to: string, queue: Queued[], ordered: boolean): Promise<void> {
    while (queue.length > 0) {
      await this.#world.scheduler.pause()
      const most = 1 + this.#random.below(this.#function(to).batchSize)
      if (ordered) {
        const done = await this.#batch(transport, to, queue.slice(0, most))
        // A stream goes on behind what succeeded, and comes back to the first failure with all that follows it.
        const firstFailed = done.findIndex((one) => !one)
        queue.splice(0, firstFailed === -1 ? done.length : firstFailed)
        const [head] = queue
        if (firstFailed === -1 || head === undefined) continue
        head.receives += 1
        // A poison record is given up after so many attempts, or it would hold up all behind it.
        if (head.parcel.refused === true && head.receives >= MOST_RECEIVES) queue.shift()
        continue
      }
      const pollers = Array.from({ length: 1 + this.#random.below(2) }, () => this.#take(queue, most))
      await Promise.all(pollers.map((batch) => this.#standard(transport, to, queue, batch)))
    }
    this.#polled.delete(to)
  }

  #take(queue: Queued[], most: number): Queued[] {
    const batch: Queued[] = []
    while (batch.length < most && queue.length > 0) {
      batch.push(...queue.splice(this.#random.below(queue.length), 1))
    }
    return batch
  }

  async #standard(transport: Transport, to: string, queue: Queued[], batch: readonly Queued[]): Promise<void> {
    if (batch.length === 0) return
    const done = await this.#batch(transport, to, batch)
    for (const [index, one] of batch.entries()) {
      if (done[index]) continue
      one.receives += 1
      // What a policy refuses is refused for good, and stays in the dead-letter queue.
      if (one.parcel.refused === true && one.receives >= MOST_RECEIVES) continue
      if (one.receives < MOST_RECEIVES) {
        queue.push(one)
        continue
      }
      // Days later somebody looks into the dead-letter queue, mends the handler, and moves everything back.
      this.#world.say(() => `parcel-${one.parcel.id} waits in the dead-letter queue, and is redriven`)
      this.#world.nowMs += this.#random.below(200_000_000)
      one.parcel.failuresLeft = 0
      one.receives = 0
      queue.push(one)
    }
  }

  /** One event of many records; whether each is done. */
  async #batch(transport: Transport, to: string, batch: readonly Queued[]): Promise<readonly boolean[]> {
    const event = { [transport.recordsKey ?? 'Records']: batch.map(({ record }) => record) }
    this.#world.say(() => `${to} gets ${batch.map(({ parcel }) => `parcel-${parcel.id}`).join()}`)
    try {
      const response = (await this.#invoke(to, event, {})) as { failures?: readonly number[] }
      // The simulated mapping is told by parcel: ids of items are each transport's own.
      const failed = new Set(response?.failures ?? [])
      return batch.map(({ parcel }) => !failed.has(parcel.id))
    } catch (error) {
      // Records fail one by one; a batch as a whole does not.
      this.#world.blame('crash', `${to}: ${(error as Error).stack}`)
      return batch.map(() => true)
    }
  }

  /** Somebody with access to a queue changes a token on its way: in its signature, in its format, or for another's. */
  #tampered(parcel: Parcel, entry: Input): Input {
    const { arrived } = parcel
    if (arrived.kind !== 'token' || arrived.cargo.kind !== 'decisions') return entry
    const { text, cargo } = arrived
    if (!this.#random.chance(this.#world.plan.faults.tampered)) return entry
    const dice = this.#random.below(4)
    if (dice === 0) {
      const newer = text.replace('wb1.', 'wb2.')
      parcel.arrived = { kind: 'token', text: newer, keyId: '', cargo: { kind: 'opaque', text: newer } }
      this.#world.say(() => `parcel-${parcel.id} gets a token of a newer format`)
      return replaced(entry, text, newer) as Input
    }
    if (dice > 1 && this.#function(parcel.to).checksSubject && parcel.attempt?.subject !== undefined) {
      const other = this.#random.pick(this.#world.parcels).arrived
      const theirs = other.kind === 'token' && other.cargo.kind === 'decisions' ? other.cargo.attempt : cargo.attempt
      if (other.kind !== 'token' || other.forged || theirs.subject === cargo.attempt.subject) return entry
      parcel.arrived = other
      this.#world.say(() => `parcel-${parcel.id} gets the token of ${theirs.subject}`)
      return replaced(entry, text, other.text) as Input
    }
    const forged = text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A')
    parcel.arrived = { ...arrived, forged: true }
    this.#world.say(() => `parcel-${parcel.id} gets a forged token`)
    return replaced(entry, text, forged) as Input
  }

  #spawn(task: () => Promise<void>): void {
    this.#world.scheduler.spawn(task, (error) => this.#world.blame('crash', `the network: ${(error as Error).stack}`))
  }
}

function imageOf(record: Input): Input {
  return (record['dynamodb'] as { NewImage: Input }).NewImage
}

/** A copy with one text replaced, wherever it stands: in texts, in bytes, and in base64. */
function replaced(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string') {
    if (value.includes(from)) return value.replace(from, to)
    const inner = Buffer.from(value, 'base64').toString('latin1')
    return inner.includes(from) ? Buffer.from(inner.replace(from, to), 'latin1').toString('base64') : value
  }
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(
      Buffer.from(value as Uint8Array)
        .toString('latin1')
        .replace(from, to),
      'latin1',
    )
  }
  if (Array.isArray(value)) return value.map((one) => replaced(one, from, to))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, replaced(one, from, to)]))
}

/** An HTTP request as REST, HTTP API, function URL and load balancer hand it over. */
export function httpEvent(random: Random, headers: Readonly<Record<string, string>>, body: string): Input {
  const multi = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  switch (random.below(3)) {
    case 0:
      return { httpMethod: 'POST', requestContext: { stage: 'prod' }, headers, multiValueHeaders: multi, body }
    case 1:
      return { httpMethod: 'POST', requestContext: { elb: {} }, multiValueHeaders: multi, body }
    default:
      return { version: '2.0', requestContext: { http: { method: 'POST' } }, headers, body }
  }
}
