import { createRequire } from 'node:module'
import { declareFlags } from '@waybill/core'
import { cachedSource } from '@waybill/flags'
import { type Redis, startRedis } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisClient } from '../src/client.ts'
import { redisFlagReader } from '../src/flag-reader.ts'
import { redisFlagStore } from '../src/flag-store.ts'
import { type Client, connected, isAbsent, newPrefix } from './engine.ts'

describe.skipIf(isAbsent)('what is sent to Redis', () => {
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

  function watched() {
    const sent: string[] = []
    const through: RedisClient = {
      sendCommand: (command, options) => {
        sent.push(String(command[0]))
        return client.sendCommand(command, options)
      },
    }
    return { through, since: () => sent.splice(0) }
  }

  it('is what the README says of a cold start, a refresh and a change', async () => {
    const prefix = newPrefix()
    const store = redisFlagStore({ client, prefix })
    await store.init({ flags: { a: { key: 'a', version: 1 } } })
    const { through, since } = watched()
    let now = 0
    const options = { ttlSeconds: 10, deadlineMs: 5_000, nowMs: () => now }
    const source = cachedSource(redisFlagReader({ client: through, prefix }), options)
    const flags = declareFlags({ a: { variations: { off: false, on: true }, default: 'off' } })
    const decide = () => source.decide({ key: 'u' }, flags.all)
    const [everything, meta] = [
      ['GET', 'HGETALL', 'HGETALL'],
      ['GET', 'HLEN', 'HLEN'],
    ]
    await decide()
    expect(since()).toEqual(everything)
    await decide()
    expect(since()).toEqual([])
    now += 10_000
    await decide()
    expect(since()).toEqual(meta)
    await store.upsert('features', { key: 'a', version: 2 })
    now += 10_000
    await decide()
    expect(since()).toEqual([...(meta ?? []), ...(everything ?? [])])
  })

  it('is one script for each write, one for all of an init, and one for each 25 of many', async () => {
    const { through, since } = watched()
    const store = redisFlagStore({ client: through, prefix: newPrefix() })
    const flags = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`f${n}`, { key: `f${n}`, version: 1 }]))
    await store.init({ flags })
    await store.upsert('features', { key: 'f1', version: 2 })
    // The server may have none of them yet.
    since()
    await store.init({ flags })
    expect(since()).toEqual(['EVALSHA'])
    await store.put('features', { key: 'f1', version: 2 }, { ifVersion: 1 })
    expect(since()).toEqual(['EVALSHA'])
    const items = Array.from({ length: 60 }, (_, n) => ({ key: `f${n}`, version: 3 }))
    await store.putAll(items.map((item) => ({ kind: 'features', item, ifVersion: 1 })))
    expect(since()).toEqual(['EVALSHA', 'EVALSHA', 'EVALSHA'])
    const large = items.slice(0, 4).map((item) => ({ ...item, version: 4, pad: 'x'.repeat(400_000) }))
    await store.putAll(large.map((item) => ({ kind: 'features', item, ifVersion: 3 })))
    expect(since()).toEqual(['EVALSHA', 'EVALSHA'])
  })

  it('goes through ioredis too, as the README adapts it', async () => {
    // LaunchDarkly's package brings it.
    const require = createRequire(createRequire(import.meta.url).resolve('@launchdarkly/node-server-sdk-redis'))
    const redis = new (require('ioredis').Redis)(server.endpoint, { autoResendUnfulfilledCommands: false })
    const ioredis: RedisClient = { sendCommand: ([name = '', ...args]) => redis.call(name, ...args) }
    const store = redisFlagStore({ client: ioredis, prefix: newPrefix() })
    const flags = { ['__proto__']: { key: '__proto__', version: 1 }, a: { key: 'a', version: 1 } }
    await store.init({ flags })
    expect(await store.upsert('features', { key: 'a', version: 2 })).toBe('written')
    const snapshot = await store.readAll()
    expect(Object.keys(snapshot?.flags ?? {})).toEqual(['__proto__', 'a'])
    expect(snapshot?.meta).toEqual(await store.readMeta?.())
    redis.disconnect()
  })
})
