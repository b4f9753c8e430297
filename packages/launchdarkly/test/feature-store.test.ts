import { init, integrations, type LDClient, type LDOptions } from '@launchdarkly/node-server-sdk'
import { FlagDataError, type FlagStore, memoryStore } from '@waybill/flags'
import { afterEach, describe, expect, it } from 'vitest'
import { launchDarklyFeatureStore } from '../src/feature-store.ts'
import type { StoreWrite } from '../src/flag-writing.ts'
import { bool, failing, versionsIn } from './service.ts'

const quiet: LDOptions = {
  sendEvents: false,
  diagnosticOptOut: true,
  logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
}
const user = { kind: 'user', key: 'u1' }
const clients: LDClient[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

async function daemon(
  store: FlagStore,
  options: Parameters<typeof launchDarklyFeatureStore>[1] = {},
): Promise<LDClient> {
  const client = init('sdk', { ...quiet, useLdd: true, featureStore: launchDarklyFeatureStore(store, options) })
  clients.push(client)
  await client.waitForInitialization({ timeout: 5 })
  return client
}

async function filler(
  store: FlagStore,
  data: ReturnType<typeof integrations.TestData.prototype.getFactory>,
  writes: StoreWrite[] = [],
) {
  const featureStore = launchDarklyFeatureStore(store, { onWrite: (write) => writes.push(write) })
  const client = init('sdk', { ...quiet, featureStore, updateProcessor: data })
  clients.push(client)
  await client.waitForInitialization({ timeout: 5 })
  return client
}

describe('LaunchDarkly’s SDK in daemon mode on a flag store', () => {
  it('evaluates flags, segments and rules with clauses, and nothing that is deleted or unknown', async () => {
    const store = memoryStore()
    const clause = { attribute: '', op: 'segmentMatch', values: ['many'] }
    await store.init({
      flags: {
        a: { ...bool('a'), version: 1 },
        rule: {
          ...bool('rule'),
          version: 1,
          fallthrough: { variation: 0 },
          rules: [{ variation: 1, clauses: [clause] }],
        },
        gone: { ...bool('gone'), version: 1 },
      },
      segments: { many: { key: 'many', version: 1, included: Array.from({ length: 200 }, (_, n) => `u${n}`) } },
    })
    await store.upsert('features', { key: 'gone', version: 2, deleted: true })
    const client = await daemon(store)
    expect(await client.variation('a', user, null)).toBe(true)
    expect((await client.variationDetail('rule', user, null)).reason.kind).toBe('RULE_MATCH')
    expect(await client.variation('rule', { ...user, key: 'stranger' }, null)).toBe(false)
    expect((await client.variationDetail('gone', user, null)).reason.errorKind).toBe('FLAG_NOT_FOUND')
    expect((await client.variationDetail('constructor', user, null)).reason.errorKind).toBe('FLAG_NOT_FOUND')
    expect((await client.allFlagsState(user)).allValues()).toEqual({ a: true, rule: true })
  })

  it('asks the store once for many evaluations, then for its meta alone until that changes', async () => {
    const asked: string[] = []
    const store = failing(memoryStore(), (method) => {
      asked.push(method)
      return undefined
    })
    await store.init({ flags: { a: { ...bool('a'), version: 1 } } })
    asked.length = 0
    let nowMs = 0
    const client = await daemon(store, { ttlSeconds: 10, nowMs: () => nowMs })
    await Promise.all(['a', 'a', 'none', 'none'].map((key) => client.variation(key, user, null)))
    expect(asked).toEqual(['readAll'])
    nowMs = 10_000
    await client.variation('a', user, null)
    expect(asked).toEqual(['readAll', 'readMeta'])
    await store.upsert('features', { ...bool('a', false), version: 2 })
    expect(await client.variation('a', user, null)).toBe(true)
    nowMs = 20_000
    expect(await client.variation('a', user, null)).toBe(false)
    expect(asked.slice(2)).toEqual(['upsert', 'readMeta', 'readAll'])
  })

  it('goes on with the last known flags while the store fails or hangs, and says so to its operator', async () => {
    const store = memoryStore()
    await store.init({ flags: { a: { ...bool('a'), version: 1 } } })
    let how: 'well' | 'fails' | 'hangs' = 'well'
    const errors: string[] = []
    let nowMs = 0
    const shaky: FlagStore = {
      ...store,
      readMeta: () => {
        if (how === 'hangs') return new Promise(() => {})
        return how === 'fails'
          ? Promise.reject(new FlagDataError('store_unavailable', 'down'))
          : (store.readMeta?.() ?? Promise.resolve(undefined))
      },
    }
    const options = { nowMs: () => nowMs, deadlineMs: 100, onError: (error: unknown) => errors.push(String(error)) }
    const client = await daemon(shaky, options)
    expect(await client.variation('a', user, null)).toBe(true)
    for (const fault of ['fails', 'hangs'] as const) {
      how = fault
      nowMs += 60_000
      expect(await client.variation('a', user, null)).toBe(true)
    }
    expect(errors).toEqual([expect.stringContaining('store_unavailable'), expect.stringContaining('100 ms')])
    how = 'well'
    await store.upsert('features', { ...bool('a', false), version: 2 })
    nowMs += 60_000
    expect(await client.variation('a', user, null)).toBe(false)
  })

  it('settles every call on a store that was never filled, and finds it when it is', async () => {
    const store = memoryStore()
    let nowMs = 0
    const client = await daemon(store, { nowMs: () => nowMs })
    expect((await client.variationDetail('a', user, 'default')).value).toBe('default')
    expect((await client.allFlagsState(user)).allValues()).toEqual({})
    await store.init({ flags: { a: { ...bool('a'), version: 1 } } })
    nowMs = 1_000
    expect(await client.variation('a', user, null)).toBe(true)
  })
})

describe('a flag store that LaunchDarkly’s SDK fills', () => {
  it('holds what LaunchDarkly has, without what the SDK adds to it for itself', async () => {
    const data = new integrations.TestData()
    const flag = {
      ...bool('rule'),
      version: 3,
      rules: [
        {
          id: 'r',
          variation: 1,
          clauses: [{ contextKind: 'user', attribute: '/plan/name', op: 'in', values: ['pro'] }],
        },
      ],
    }
    const segment = { key: 's', version: 2, included: Array.from({ length: 150 }, (_, n) => `u${n}`), rules: [] }
    data.usePreconfiguredFlag(structuredClone(flag))
    data.usePreconfiguredSegment(structuredClone(segment) as never)
    const store = memoryStore()
    const client = await filler(store, data.getFactory())
    expect(await store.readAll()).toMatchObject({ flags: { rule: flag }, segments: { s: segment } })
    expect(Object.keys((await store.get('features', 'rule'))?.rules?.[0]?.clauses?.[0] ?? {})).not.toContain(
      'attributeReference',
    )
    expect((await store.get('owners', 'rule'))?.owner).toBe('launchdarkly')
    expect(await client.variation('rule', { ...user, plan: { name: 'pro' } }, null)).toBe(true)
    await data.update(data.flag('other').booleanFlag().variationForAll(true))
    expect(await client.variation('other', user, null)).toBe(true)
  })

  it('keeps a running rollout, by which the SDK itself then evaluates, and reports the refusals', async () => {
    const store = memoryStore()
    await store.init({ flags: {} })
    await store.upsert('features', { ...bool('a'), version: 9, fallthrough: { variation: 0 } })
    const data = new integrations.TestData()
    await data.update(data.flag('a').booleanFlag().variationForAll(true))
    await data.update(data.flag('b').booleanFlag().variationForAll(true))
    const writes: StoreWrite[] = []
    const client = await filler(store, data.getFactory(), writes)
    expect(await client.variation('a', user, null)).toBe(false)
    expect(await client.variation('b', user, null)).toBe(true)
    for (let n = 0; n < 12; n += 1) await data.update(data.flag('a').booleanFlag().variationForAll(true))
    expect(await client.variation('a', user, null)).toBe(false)
    expect((await store.get('features', 'a'))?.version).toBe(9)
    expect(writes.map(({ operation, error }) => [operation, error?.code, error?.keys])).toEqual([
      ['init', 'not_owner', ['a']],
      ...Array.from({ length: 12 }, () => ['upsert', 'not_owner', ['a']]),
    ])
  })

  it('takes deletions as tombstones, and nothing older after them', async () => {
    const store = memoryStore()
    const features = launchDarklyFeatureStore(store)
    const [kind] = [{ namespace: 'features' }]
    const call = (run: (done: () => void) => void) => new Promise<void>((resolve) => run(resolve))
    await call((done) => features.init({ features: { a: { ...bool('a'), version: 4 } }, segments: {} }, done))
    await call((done) => features.delete(kind as never, 'a', 6, done))
    await call((done) => features.upsert(kind as never, { ...bool('a'), version: 5 }, done))
    expect(await store.get('features', 'a')).toEqual({ key: 'a', version: 6, deleted: true })
    expect(await versionsIn(store)).toEqual({})
    expect(await new Promise((resolve) => features.initialized(resolve))).toBe(true)
    features.close()
  })

  it('says whether it can be reached', async () => {
    const isAvailable = (store: FlagStore) =>
      new Promise((resolve) => launchDarklyFeatureStore(store).isStoreAvailable?.(resolve))
    expect(await isAvailable(memoryStore())).toBe(true)
    expect(await isAvailable(failing(memoryStore(), () => new Error('down')))).toBe(false)
  })
})
