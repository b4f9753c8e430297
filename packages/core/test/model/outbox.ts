import { bindWaybill } from '../../src/outgoing/bind.ts'
import { stampClient } from '../../src/outgoing/client.ts'
import { DECISIONS_KEY, stampEvent } from '../../src/outgoing/event.ts'
import { stampFetch } from '../../src/outgoing/fetch.ts'
import type { Random } from '../fuzz/random.ts'
import { type Body, idIn, oddMessage, plainMessage, problemOf, textOf } from './messages.ts'
import type { Network } from './network.ts'
import type { FunctionPlan, LinkPlan } from './plan.ts'
import { type Attempt, type Cargo, type ScopeModel, travelling } from './scope-model.ts'
import { type Command, frozen, type Input, type SimulatedClient, simulatedClient } from './sdk.ts'
import { transports } from './transports/list.ts'
import type { Transport } from './transports/transport.ts'
import { wireToken } from './wire-token.ts'
import { fingerprintOf, type Parcel, type World } from './world.ts'

const VENDOR = 'vendor.example'

/** A chain that keeps sending would never end. */
const MOST_PARCELS = 80

/** What one function sends to one other, over one link. */
export class Outbox {
  readonly #world: World
  readonly #from: FunctionPlan
  readonly #to: string
  readonly #link: LinkPlan
  readonly #network: Network
  readonly #transport: Transport | undefined
  readonly #client: SimulatedClient | undefined
  readonly #fetch: typeof globalThis.fetch
  readonly #buffer: Input[] = []
  /** What a request came to that was then redirected to somebody else. */
  readonly #answered = new Map<number, number>()

  constructor(world: World, from: FunctionPlan, to: FunctionPlan, link: LinkPlan, network: Network) {
    this.#world = world
    this.#from = from
    this.#to = to.name
    this.#link = link
    this.#network = network
    this.#transport = transports[link.transport]
    if (this.#transport !== undefined) {
      const client = simulatedClient(this.#transport.service, (command) => this.#arrive(command))
      const targets = link.to === 'named' ? [to.name] : ['another']
      this.#client = stampClient(client, link.to === 'absent' ? {} : { to: targets })
    }
    const fetch = ((url: string | URL, init: RequestInit) =>
      this.#request(String(url), init)) as typeof globalThis.fetch
    const origins = link.to === 'other' ? ['https://elsewhere.internal'] : [`https://${to.name}.internal`]
    this.#fetch = stampFetch(fetch, { propagateTo: origins })
  }

  /** Sends in the scope that is current; `scope` is what the model says of it, `undefined` where it holds nothing. */
  async send(scope: ScopeModel | undefined, attempt: Attempt | undefined, random: Random): Promise<void> {
    for (let count = this.#link.messages; count > 0; count -= 1) {
      if (this.#world.parcels.length >= MOST_PARCELS) return
      if (this.#transport === undefined) await this.#call(this.#parcel(scope, attempt, random))
      else await this.#queue(this.#transport, scope, attempt, random)
    }
  }

  async #queue(
    transport: Transport,
    scope: ScopeModel | undefined,
    attempt: Attempt | undefined,
    random: Random,
  ): Promise<void> {
    const { style, bufferSize } = this.#link
    const entry = (): Input => {
      const odd = random.chance(this.#world.plan.faults.oddBodies)
      const message = odd ? oddMessage(transport, random) : plainMessage()
      const parcel = this.#parcel(scope, attempt, random, message.body)
      const stamped = parcel.arrived.kind === 'token'
      const problem = problemOf(transport, this.#link, message, stamped)
      this.#world.parcels[parcel.id] = { ...parcel, problem }
      return frozen(transport.entry(parcel.text, `e${parcel.id}`, message.form))
    }
    if (style === 'buffered') {
      // A producer's buffer holds copies, as producers make them.
      this.#buffer.push({ ...bindWaybill(entry()) })
      if (this.#buffer.length >= Math.min(bufferSize, transport.most)) await this.flush()
      return
    }
    const entries = style === 'batch' && transport.most > 1 ? [entry(), entry()] : [entry()]
    await this.#post(transport, entries)
  }

  /** Sends what is buffered, in whatever scope: each entry is bound to its own. */
  async flush(): Promise<void> {
    const entries = this.#buffer.splice(0)
    if (this.#transport !== undefined && entries.length > 0) await this.#post(this.#transport, entries)
  }

  get waiting(): number {
    return this.#buffer.length
  }

  async #post(transport: Transport, entries: readonly Input[]): Promise<void> {
    const command = transport.command(entries, this.#to)
    const looked = this.#world.random.chance(0.1)
    const before = looked ? JSON.stringify(command) : ''
    await this.#client?.send(command)
    if (looked && JSON.stringify(command) !== before)
      this.#world.blame('altered', `a caller's ${command.name} was changed`)
  }

  /** Synchronous, from the handler through the stamp to here: what was counted by now is what this send cost. */
  #arrive(command: Command): Promise<unknown> {
    const { transport, world } = { transport: this.#transport as Transport, world: this.#world }
    const accepted = transport.entriesOf(command).map((entry) => {
      const text = transport.textOf(asDelivered(transport, entry))
      const parcel = world.parcels[idIn(text) ?? -1] as Parcel
      const stampedByHand = parcel.arrived.kind === 'token'
      this.#check(parcel, stampedByHand ? undefined : transport.tokenOf(entry), stampedByHand)
      return { parcel, entry }
    })
    return this.#network.accept(transport, accepted)
  }

  /** A request over HTTP, repeated while it fails, as clients do. */
  async #call(parcel: Parcel): Promise<void> {
    for (let tries = 0; tries < 8; tries += 1) {
      const response = await this.#fetch(`https://${this.#to}.internal/orders`, { method: 'POST', body: parcel.text })
      if (response.status < 500) return
    }
  }

  async #request(url: string, init: RequestInit): Promise<Response> {
    const parcel = this.#world.parcels[idIn(String(init.body)) ?? -1] as Parcel
    const headers = new Headers(init.headers)
    const stamped = headers.has('x-waybill')
    if (url.includes(VENDOR)) {
      if (stamped) this.#world.blame('leak', `parcel-${parcel.id}: a third party was sent the token`)
      return new Response(null, { status: this.#answered.get(parcel.id) ?? 200 })
    }
    // Only what carries a token is followed by the stamp itself; the rest is fetch's own affair.
    if (stamped && url.endsWith('/orders') && this.#world.random.chance(0.1)) {
      return Response.redirect(`${url}/moved`, 308)
    }
    const allowed = this.#link.to !== 'other'
    // Whether there is something to carry is looked at first, and opens the token.
    parcel.sender?.cargo()
    this.#check(allowed ? parcel : { ...parcel, sender: undefined }, headers.get('x-waybill') ?? undefined, false)
    if (!allowed) parcel.arrived = { kind: 'nothing' }
    const status = await this.#network.request(new URL(url), parcel, headers)
    if (stamped && this.#world.random.chance(0.1)) {
      this.#answered.set(parcel.id, status)
      return Response.redirect(`https://${VENDOR}/${parcel.text.length}`, 307)
    }
    return new Response(null, { status })
  }

  /** Makes a message in the current scope. */
  #parcel(scope: ScopeModel | undefined, attempt: Attempt | undefined, random: Random, body: Body = 'object'): Parcel {
    const world = this.#world
    const id = world.parcels.length
    const failing = random.chance(world.plan.faults.failing)
    let claims: unknown
    const text = textOf(body, id, `for ${attempt?.subject ?? 'nobody'} "\\\u2028`, (event) => {
      const stamped = stampEvent(event)
      claims = (stamped as Input)[DECISIONS_KEY]
      return stamped
    })
    const parcel: Parcel = {
      id,
      attempt,
      text,
      to: this.#to,
      sender: scope,
      problem: undefined,
      arrived: { kind: 'nothing' },
      failuresLeft: failing ? random.pick([1, 1, 2, 5]) : 0,
      handled: 0,
    }
    world.parcels.push(parcel)
    world.say(
      () =>
        `${this.#from.name} makes parcel-${id} (${body}) for ${this.#to} by ${this.#link.transport}, ${about(scope)}`,
    )
    if (body === 'stamped') {
      const token = /"_waybill":"([^"]*)"/.exec(text)?.[1]
      const cargo = scope?.cargo()
      // What cannot be read cannot be shown: the client stamps it, if it can.
      if (cargo?.kind !== 'opaque') this.#check(parcel, token, false)
      const proven = parcel.arrived.kind === 'token' ? parcel.arrived.cargo : cargo
      if (proven?.kind === 'decisions') checkClaims(world, claims, proven)
    }
    return parcel
  }

  /** Compares what is on the wire with what the sending scope holds, and notes what thus arrives. */
  #check(parcel: Parcel, text: string | undefined, stampedByHand: boolean): void {
    const world = this.#world
    const cargo = parcel.sender?.cargo()
    const unstamped = (): void => {
      if (text !== undefined) {
        const own = wireToken(text)?.subject === fingerprintOf(parcel.attempt?.subject)
        world.blame(own ? 'stamp' : 'leak', `parcel-${parcel.id} was stamped, and nothing was to be carried`)
      }
      if (!stampedByHand) parcel.arrived = { kind: 'nothing' }
    }
    if (cargo === undefined || cargo.kind === 'none') {
      unstamped()
      return
    }
    if (parcel.problem !== undefined) {
      world.expect(parcel.problem)
      unstamped()
      return
    }
    if (cargo.kind === 'opaque') {
      if (text !== cargo.text) world.blame('stamp', `parcel-${parcel.id}: a token of a newer format was not passed on`)
      parcel.arrived = { kind: 'token', text: cargo.text, keyId: '', cargo }
      return
    }
    if (text === undefined) {
      const tight = (this.#from.budgetBytes ?? 2048) <= 150
      if (this.#from.keys === 'none') world.expect('no_keys')
      else if (tight) world.expect('no_room')
      else world.blame('stamp', `parcel-${parcel.id} was not stamped`)
      parcel.arrived = { kind: 'nothing' }
      return
    }
    parcel.arrived = this.#onWire(parcel, text, cargo)
  }

  #onWire(parcel: Parcel, text: string, cargo: Cargo & { kind: 'decisions' }): Parcel['arrived'] {
    const world = this.#world
    const token = wireToken(text)
    if (token === undefined) {
      world.blame('stamp', `parcel-${parcel.id} carries what is no token: ${text}`)
      return { kind: 'nothing' }
    }
    if (token.subject !== fingerprintOf(cargo.attempt.subject)) {
      world.blame('leak', `parcel-${parcel.id} of ${cargo.attempt.subject} carries another subject's token`)
    }
    for (const [flag, { variation, version, atSeconds }] of token.entries) {
      const sealed = cargo.flags.get(flag)
      const same = sealed?.variation === variation && sealed.version === version
      if (!same || sealed.decidedAtSeconds !== atSeconds) {
        const [was, is] = [JSON.stringify(sealed), `${variation} at version ${version}, decided at ${atSeconds}`]
        world.blame('wrong', `parcel-${parcel.id} carries ${flag} as ${is}; sealed was ${was}`)
      }
    }
    const kept = new Map(
      [...cargo.flags].flatMap(([flag, one]) => (token.entries.has(flag) ? [[flag, travelling(one)]] : [])),
    )
    const shed = cargo.flags.size - kept.size
    if (shed > 0) {
      world.expect('shed', shed)
      if (!keepsTheImportant([...cargo.flags.keys()], kept, this.#from)) {
        world.blame('wrong', `parcel-${parcel.id}: what was shed was worth more than what was kept`)
      }
    }
    if (token.dropped !== cargo.dropped + shed) world.blame('counts', `parcel-${parcel.id} hides what was dropped`)
    return { kind: 'token', text, keyId: token.keyId, cargo: { ...cargo, flags: kept, dropped: token.dropped } }
  }
}

const about = (scope: ScopeModel | undefined): string => (scope === undefined ? 'outside any record' : 'in its scope')

/** The record or event in which an entry would arrive: only to read its text. */
function asDelivered(transport: Transport, entry: Input): Input {
  return transport.deliver(entry, 'x').event
}

function keepsTheImportant(flags: readonly string[], kept: ReadonlyMap<string, unknown>, { declares }: FunctionPlan) {
  const rank = (flag: string): number => declares[flag]?.priority ?? 0
  const order = flags
    .map((flag, index) => ({ flag, index }))
    .sort((a, b) => rank(b.flag) - rank(a.flag) || a.index - b.index)
  const firstGone = order.findIndex(({ flag }) => !kept.has(flag))
  return order.slice(firstGone).every(({ flag }) => !kept.has(flag))
}

/** The readable block says what the token beside it proves, or all where there is none. */
function checkClaims(world: World, claims: unknown, { flags }: Cargo & { kind: 'decisions' }): void {
  const said = Object.entries((claims ?? {}) as Record<string, { variation: string }>)
  const same =
    said.length === flags.size && said.every(([flag, { variation }]) => flags.get(flag)?.variation === variation)
  if (!same) world.blame('wrong', 'the readable block is not what was sealed')
}
