import { init, type LDOptions } from '@launchdarkly/node-server-sdk'
import type { FlagStore } from '@waybill/flags'
import { launchDarklyFeatureStore, launchDarklySync } from '@waybill/launchdarkly'
import { findRedisServer, type LocalLaunchDarkly, type Redis, startLaunchDarkly, startRedis } from '@waybill/local'
import { redisFlagStore } from '@waybill/redis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rolloutFlag, SDK_KEY } from './launchdarkly-table.ts'

const isAbsent = findRedisServer() === undefined
if (isAbsent) console.log('redis-server is not installed: the pipeline into Redis is passed over')

describe.skipIf(isAbsent)('the pipeline into Redis', () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const quiet: LDOptions = { sendEvents: false, diagnosticOptOut: true, logger: silent }
  let server: Redis
  let service: LocalLaunchDarkly
  let client: ReturnType<typeof createClient>
  let store: FlagStore
  beforeAll(async () => {
    ;[server, service] = await Promise.all([startRedis(), startLaunchDarkly({ sdkKey: SDK_KEY })])
    client = createClient({ url: server.endpoint })
    client.on('error', () => {})
    await client.connect()
    store = redisFlagStore({ client, prefix: 'production' })
  })
  afterAll(async () => {
    client.destroy()
    await Promise.all([server.close(), service.close()])
  })

  it('fills it, keeps what waybill owns, and LaunchDarkly’s SDK runs on it in daemon mode', async () => {
    await store.upsert('features', { ...rolloutFlag('own', 100), version: 7 })
    for (const key of ['a', 'own', 'gone']) service.save('flags', rolloutFlag(key, 0))
    const uris = { baseUri: service.url, streamUri: service.url }
    const sync = launchDarklySync({ sdkKey: SDK_KEY, store, client: uris, log: () => {} })
    expect(await sync()).toMatchObject({ code: 'synced', notOwned: ['own'] })
    service.save('flags', rolloutFlag('a', 100))
    service.remove('flags', 'gone')
    expect((await sync()).changes).toEqual([
      { key: 'a', before: 1, after: 2 },
      { key: 'gone', before: 1 },
    ])
    const daemon = init('sdk-key', { ...quiet, useLdd: true, featureStore: launchDarklyFeatureStore(store) })
    await daemon.waitForInitialization({ timeout: 5 })
    const { flags } = (await store.readAll()) ?? {}
    expect(Object.keys(flags ?? {}).toSorted()).toEqual(['a', 'own'])
    expect((await daemon.allFlagsState({ kind: 'user', key: 'u1' })).allValues()).toEqual({ a: true, own: true })
    daemon.close()
  })
})
