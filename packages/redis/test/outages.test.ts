import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declareFlags, type FlagSource } from '@waybill/core'
import { cachedSource, type FlagData } from '@waybill/flags'
import { type Cutter, type Redis, startCutter, startRedis } from '@waybill/local'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RedisClient } from '../src/client.ts'
import { redisFlagReader } from '../src/flag-reader.ts'
import { redisFlagStore } from '../src/flag-store.ts'
import { type Client, clientAt, connected, isAbsent, newPrefix } from './engine.ts'

const flags = declareFlags({ a: { variations: { off: false, on: true }, default: 'off' } })
const flag = (version: number): FlagData => ({
  key: 'a',
  version,
  on: true,
  variations: [false, true],
  fallthrough: { variation: 1 },
})
const many = (version: number) => ({
  flags: Object.fromEntries(
    Array.from({ length: 2000 }, (_, n) => [`f${n}`, { key: `f${n}`, version, pad: 'x'.repeat(1000) }]),
  ),
})

async function said(source: FlagSource): Promise<string> {
  const answer = await source.decide({ key: 'u' }, flags.all)
  if (answer.status === 'unavailable') return 'unavailable'
  const [first] = answer.decisions
  return `${answer.status} ${first && 'variation' in first ? `${first.variation} v${first.version}` : first?.cause}`
}

describe.skipIf(isAbsent)('when Redis fails', () => {
  const closing: (() => Promise<void> | void)[] = []
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): number => unhandled.push(reason)
  let directory: string
  let server: Redis
  let cutter: Cutter
  let client: Client
  let prefix: string

  beforeAll(() => process.on('unhandledRejection', onUnhandled))
  afterAll(() => process.off('unhandledRejection', onUnhandled))
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'waybill-redis-'))
    closing.push(() => rm(directory, { recursive: true, force: true }))
    await start()
    cutter = await startCutter(server.endpoint)
    closing.push(() => cutter.close())
    client = await connected(cutter.endpoint)
    closing.push(() => client.destroy())
    prefix = newPrefix()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
    await new Promise(setImmediate)
    expect(unhandled.splice(0)).toEqual([])
  })

  async function start(): Promise<void> {
    const started = await startRedis({ dataDir: directory })
    closing.push(() => started.close())
    server = started
  }
  /** As a server that comes back at its old address. */
  async function startAgain(): Promise<void> {
    await start()
    cutter.lead(server.endpoint)
  }
  const store = () => redisFlagStore({ client, prefix })

  it('killed in the middle of the first init it is not taken for filled, on its disk neither; the next repairs it', async () => {
    // Two megabytes through a proxy: some of it has arrived, and not all.
    const killing: RedisClient = {
      sendCommand: (command, options) => {
        if (command[0] === 'EVAL') setImmediate(() => setImmediate(() => void server.kill()))
        return client.sendCommand(command, options)
      },
    }
    const filling = redisFlagStore({ client: killing, prefix }).init(many(1))
    await expect(filling).rejects.toMatchObject({ code: 'store_unavailable' })
    await server.kill()
    await startAgain()
    expect(await store().readAll()).toBeUndefined()
    await store().init(many(1))
    expect(await store().readAll()).toMatchObject(many(1))
  })

  it('killed while it is filled again and again, it has what some filling gave, whole, and all that it had answered', async () => {
    let answered = 0
    const filling = (async () => {
      for (let version = 1; ; version += 1) {
        await store().init(many(version))
        answered = version
      }
    })()
    const rejected = expect(filling).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect.poll(() => answered, { timeout: 30_000 }).toBeGreaterThan(3)
    await server.kill()
    await rejected
    await startAgain()
    const found = await store().readAll()
    const versions = new Set(Object.values(found?.flags ?? {}).map(({ version }) => version))
    expect(Object.keys(found?.flags ?? {})).toHaveLength(2000)
    expect(versions.size).toBe(1)
    expect([...versions][0]).toBeGreaterThanOrEqual(answered)
    expect(found?.meta).toEqual(await store().readMeta?.())
    expect(found?.meta).toBeDefined()
  })

  it('a source keeps its last answers while the server is gone, and is live again once it is back, with no new client', async () => {
    await store().init({ flags: { a: flag(1) } })
    let now = 0
    const reader = redisFlagReader({ client, prefix })
    const source = cachedSource(reader, { ttlSeconds: 10, deadlineMs: 500, nowMs: () => now })
    expect(await said(source)).toBe('live on v1')
    await server.kill()
    now += 10_000
    expect(await said(source)).toBe('stale on v1')
    await startAgain()
    await store().upsert('features', flag(2))
    now += 10_000
    expect(await said(source)).toBe('live on v2')
  })

  it('a server that is stopped holds nobody up beyond the deadline, and what it was sent it may do later', async () => {
    await store().init({ flags: { a: flag(1) } })
    server.pause()
    closing.push(() => server.resume())
    const impatient = redisFlagStore({ client, prefix, requestTimeoutMs: 300 })
    const unavailable = { code: 'store_unavailable', cause: expect.objectContaining({ name: 'TimeoutError' }) }
    await expect(impatient.readAll()).rejects.toMatchObject(unavailable)
    await expect(impatient.readMeta?.()).rejects.toMatchObject(unavailable)
    await expect(impatient.list('audit')).rejects.toMatchObject(unavailable)
    await expect(impatient.init({ flags: {} })).rejects.toMatchObject(unavailable)
    await expect(impatient.markFilled()).rejects.toMatchObject(unavailable)
    const change = { kind: 'features', item: flag(7), ifVersion: 6 } as const
    expect((await impatient.putAll([change])).failure).toMatchObject(unavailable)
    const source = cachedSource(redisFlagReader({ client, prefix }), { deadlineMs: 300 })
    expect(await said(source)).toBe('unavailable')
    // A signal that never comes is no way to wait for ever.
    await expect(impatient.get('features', 'a', new AbortController().signal)).rejects.toMatchObject(unavailable)
    server.resume()
    await expect.poll(async () => (await store().readAll())?.flags).toEqual({})
  })

  it('what was given up before it could be sent is not sent later', async () => {
    // Not by init: the server is to know the script by its name.
    await store().upsert('features', flag(1))
    cutter.cut()
    const impatient = redisFlagStore({ client, prefix, requestTimeoutMs: 300 })
    // The first may still go out on the old connection.
    await expect(impatient.readAll()).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(impatient.upsert('features', flag(2))).rejects.toMatchObject({ code: 'store_unavailable' })
    cutter.heal()
    expect((await store().get('features', 'a'))?.version).toBe(1)
  })

  it('a client that nobody connected, or that was closed, is told of and not waited for', async () => {
    const closed = clientAt(server.endpoint)
    const unavailable = { code: 'store_unavailable', message: expect.stringContaining('The client is closed') }
    await expect(redisFlagStore({ client: closed }).readAll()).rejects.toMatchObject(unavailable)
    await expect(redisFlagStore({ client: closed }).init({ flags: {} })).rejects.toMatchObject(unavailable)
  })

  it('a server that nobody can reach costs a cold start its deadline, and is seen when it comes', async () => {
    await store().init({ flags: { a: flag(1) } })
    cutter.cut()
    const cold = clientAt(cutter.endpoint)
    closing.push(() => cold.destroy())
    void cold.connect().catch(() => {})
    let now = 0
    const source = cachedSource(redisFlagReader({ client: cold, prefix }), { deadlineMs: 300, nowMs: () => now })
    expect(await said(source)).toBe('unavailable')
    cutter.heal()
    now += 1_000
    const patient = cachedSource(redisFlagReader({ client: cold, prefix }), { deadlineMs: 5_000 })
    expect(await said(patient)).toBe('live on v1')
    expect(await said(source)).toBe('live on v1')
  })

  it('flags that were evicted, or deleted behind the meta, are an outage and no missing flags', async () => {
    await store().init({ flags: { a: flag(1) } })
    await client.del(`${prefix}:features`)
    await expect(store().readAll()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('maxmemory-policy'),
    })
    expect(await store().readMeta?.()).toBeUndefined()
    await store().init({ flags: { a: flag(1) } })
    expect((await store().readAll())?.flags).toEqual({ a: flag(1) })
  })
})
