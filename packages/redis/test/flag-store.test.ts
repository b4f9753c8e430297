import { storeContract } from '@waybill/flags/testing'
import { type Redis, startRedis } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisClient } from '../src/client.ts'
import { redisFlagReader } from '../src/flag-reader.ts'
import { redisFlagStore } from '../src/flag-store.ts'
import { type Client, connected, isAbsent, newPrefix } from './engine.ts'
import { faultyStore } from './faulty-store.ts'

it('needs a client', () => {
  expect(() => redisFlagStore({} as never)).toThrow(/redisFlagStore needs a client/)
  expect(() => redisFlagReader({ client: {} } as never)).toThrow(/redisFlagReader needs a client/)
})

describe.skipIf(isAbsent)('a flag store on redis-server', () => {
  let server: Redis
  let client: Client
  beforeAll(async () => {
    server = await startRedis()
    client = await connected(server.endpoint)
  })
  afterAll(async () => {
    client?.destroy()
    await server?.close()
  })

  const makeStore = async () => redisFlagStore({ client, prefix: newPrefix() })
  for (const { name, run } of storeContract(makeStore, { makeFaulty: () => faultyStore(server) })) it(name, run)

  it('keeps environments apart by prefix, in LaunchDarkly’s keys, which is `launchdarkly` without one', async () => {
    const prefix = newPrefix()
    const flags = { a: { key: 'a', version: 3, on: true } }
    await redisFlagStore({ client, prefix }).init({ flags })
    expect(await redisFlagStore({ client, prefix: newPrefix() }).readAll()).toBeUndefined()
    expect(await client.hGetAll(`${prefix}:features`)).toEqual({ a: JSON.stringify(flags.a) })
    expect(await client.exists(`${prefix}:$inited`)).toBe(1)
    await redisFlagStore({ client }).init({ flags })
    expect(await client.hGet('launchdarkly:features', 'a')).toBe(JSON.stringify(flags.a))
  })

  it('puts nothing of its own into the hashes that LaunchDarkly reads', async () => {
    const prefix = newPrefix()
    const store = redisFlagStore({ client, prefix })
    await store.init({ flags: { a: { key: 'a', version: 1 } }, segments: { s: { key: 's', version: 1 } } })
    const record = { kind: 'features', subject: 'a', action: 'on', who: 'ada', atMs: 1, comment: 'why' } as const
    await store.put(
      'features',
      { key: 'a', version: 2 },
      { ifVersion: 1, record: { ...record, key: 'a/1', version: 1 } },
    )
    await store.put('rollouts', { key: 'a', version: 1 }, { ifVersion: 'absent' })
    expect([await client.hKeys(`${prefix}:features`), await client.hKeys(`${prefix}:segments`)]).toEqual([['a'], ['s']])
    expect((await client.keys(`${prefix}:*`)).map((key) => key.slice(prefix.length + 1)).toSorted()).toEqual([
      '$audit',
      '$auditKeys',
      '$inited',
      '$owners',
      '$rollouts',
      'features',
      'segments',
    ])
  })

  for (const RESP of [2, 3] as const) {
    it(`reads replies of protocol ${RESP}`, async () => {
      const other = await connected(server.endpoint, { RESP })
      const store = redisFlagStore({ client: other, prefix: newPrefix() })
      const flags = { a: { key: 'a', version: 1, name: 'ü' }, b: { key: 'b', version: 1 } }
      await store.init({ flags })
      expect(await store.readAll()).toEqual({ flags, segments: {}, meta: await store.readMeta?.() })
      expect(await store.list('owners')).toHaveLength(2)
      other.destroy()
    })
  }

  it('sends a script whole to a server that has forgotten it, and by its name alone to one that has not', async () => {
    const sent: string[] = []
    const watched: RedisClient = {
      sendCommand: (command, options) => {
        sent.push(String(command[0]))
        return client.sendCommand(command, options)
      },
    }
    const store = redisFlagStore({ client: watched, prefix: newPrefix() })
    await store.upsert('features', { key: 'a', version: 1 })
    await client.scriptFlush()
    sent.length = 0
    expect(await store.upsert('features', { key: 'a', version: 2 })).toBe('written')
    expect(await store.upsert('features', { key: 'a', version: 3 })).toBe('written')
    expect(sent).toEqual(['EVALSHA', 'EVAL', 'EVALSHA'])
  })

  it('a field that is no JSON takes no other down, and can be written over', async () => {
    const prefix = newPrefix()
    const store = redisFlagStore({ client, prefix })
    await store.init({ flags: { a: { key: 'a', version: 1 } } })
    await client.hSet(`${prefix}:features`, 'bad', '{')
    expect(Object.keys((await store.readAll())?.flags ?? {})).toEqual(['a'])
    expect(await store.put('features', { key: 'bad', version: 1 }, { ifVersion: 'absent' })).toBe('written')
    expect(Object.keys((await store.readAll())?.flags ?? {})).toEqual(['a', 'bad'])
  })

  it('lists the records of one flag among thousands without reading those behind it', async () => {
    const sent: string[] = []
    const watched: RedisClient = {
      sendCommand: (command, options) => {
        sent.push(String(command[0]))
        return client.sendCommand(command, options)
      },
    }
    const store = redisFlagStore({ client: watched, prefix: newPrefix() })
    const record = { version: 1, kind: 'features', action: 'on', who: 'ada', atMs: 1, comment: 'why' } as const
    const changes = ['a', 'b', 'b0', 'c'].flatMap((subject) =>
      Array.from({ length: 450 }, (_, n) => ({
        kind: 'features' as const,
        item: { key: `${subject}-${n}`, version: 1 },
        ifVersion: 'absent' as const,
        record: { ...record, key: `${subject}/${String(n).padStart(4, '0')}`, subject },
      })),
    )
    await store.putAll(changes)
    sent.length = 0
    const found = await store.list('audit', { keyPrefix: 'b/' })
    expect(sent.filter((command) => command === 'ZRANGEBYLEX')).toHaveLength(3)
    expect(found.map(({ key }) => key)).toEqual(
      Array.from({ length: 450 }, (_, n) => `b/${String(n).padStart(4, '0')}`),
    )
    expect(await store.list('audit')).toHaveLength(1800)
  })

  it('a filling takes what it does not have away with its owner', async () => {
    const prefix = newPrefix()
    const store = redisFlagStore({ client, prefix })
    await store.init({ flags: { a: { key: 'a', version: 1 }, b: { key: 'b', version: 1 } } })
    await store.init({ flags: { b: { key: 'b', version: 1 } } })
    expect(await client.hKeys(`${prefix}:$owners`)).toEqual(['b'])
  })

  it('a filling that changes nothing leaves the meta alone', async () => {
    const store = await makeStore()
    const data = { flags: { a: { key: 'a', version: 1 } } }
    await store.init(data)
    const meta = await store.readMeta?.()
    await store.init(data)
    expect(await store.readMeta?.()).toEqual(meta)
    expect(meta).toBeDefined()
  })

  it('fills with what can be written, and leaves what was there of what cannot', async () => {
    const store = await makeStore()
    await store.init({ flags: { a: { key: 'a', version: 1 }, b: { key: 'b', version: 1 } } })
    const filling = store.init({ flags: { a: { key: 'a' } as never, b: { key: 'b', version: 2 } } })
    await expect(filling).rejects.toMatchObject({ code: 'bad_flag_data' })
    const snapshot = await store.readAll()
    expect(snapshot?.flags).toEqual({ a: { key: 'a', version: 1 }, b: { key: 'b', version: 2 } })
    expect(snapshot?.meta).toEqual(await store.readMeta?.())
  })
})
