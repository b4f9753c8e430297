import { init, integrations, type LDClient, type LDContext, type LDOptions } from '@launchdarkly/node-server-sdk'
import { RedisFeatureStore } from '@launchdarkly/node-server-sdk-redis'
import { declareFlags, type EvaluationContext, type FlagSource } from '@waybill/core'
import { cachedSource, compileRuleset, type FlagSet } from '@waybill/flags'
import { type Redis, startRedis } from '@waybill/local'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redisFlagReader } from '../src/flag-reader.ts'
import { redisFlagStore } from '../src/flag-store.ts'
import { type Client, connected, isAbsent, newPrefix } from './engine.ts'

const base = {
  version: 1,
  on: true,
  variations: ['a', 'b', 'c'],
  offVariation: 2,
  fallthrough: { variation: 0 },
  salt: 's',
}
const weights = [
  { variation: 0, weight: 30_000 },
  { variation: 1, weight: 50_000 },
  { variation: 2, weight: 20_000 },
]
const inSegment = { contextKind: 'user', attribute: '', op: 'segmentMatch', values: ['few'] }
const everything: FlagSet = {
  flags: Object.fromEntries(
    [
      { ...base, key: 'off', on: false },
      { ...base, key: 'targets', targets: [{ values: ['u1', 'u2'], variation: 1 }] },
      { ...base, key: 'rollout', fallthrough: { rollout: { contextKind: 'user', variations: weights } } },
      { ...base, key: 'segment', rules: [{ id: 'r', variation: 1, clauses: [inSegment] }] },
      { ...base, key: 'prerequisite', prerequisites: [{ key: 'rollout', variation: 1 }] },
      { ...base, key: 'json', variations: [{ deep: [1, null, 'ü'] }, 7, true] },
      { ...base, key: 'gone' },
    ].map((flag) => [flag.key, flag]),
  ),
  segments: { few: { key: 'few', version: 1, included: ['u3', 'u4'], excluded: [], rules: [], salt: 't' } as never },
}
const contexts: readonly EvaluationContext[] = Array.from({ length: 20 }, (_, n) => ({ kind: 'user', key: `u${n}` }))
const keys = [...Object.keys(everything.flags), 'none']

/** Without a connection to LaunchDarkly, and without a word. */
const offline: LDOptions = {
  sendEvents: false,
  diagnosticOptOut: true,
  logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
}

async function theirs(client: LDClient): Promise<readonly unknown[]> {
  const answers: unknown[] = []
  for (const key of keys) {
    for (const context of contexts) {
      const { value, variationIndex, reason } = await client.variationDetail(key, context as LDContext, 'fallback')
      answers.push([key, value, variationIndex ?? undefined, reason.kind, reason.errorKind])
    }
  }
  return answers
}

function ours(data: FlagSet): readonly unknown[] {
  const { decide } = compileRuleset(data)
  return keys.flatMap((key) =>
    contexts.map((context) => {
      const { value, variationIndex, reason } = decide(key, context, 'fallback')
      return [key, value, variationIndex, reason.kind, reason.errorKind]
    }),
  )
}

describe.skipIf(isAbsent)('a server shared with LaunchDarkly’s SDK and its own Redis package', () => {
  let server: Redis
  let client: Client
  let prefix: string
  beforeAll(async () => {
    server = await startRedis()
    client = await connected(server.endpoint)
  })
  beforeEach(() => {
    prefix = newPrefix()
  })
  afterAll(async () => {
    client?.destroy()
    await server?.close()
  })
  const ourStore = () => redisFlagStore({ client, prefix })
  const theirStore = () =>
    RedisFeatureStore({ redisOpts: { port: Number(new URL(server.endpoint).port) }, prefix, cacheTTL: 0 })

  /** Their SDK as a writer, as ld-relay is one: it fills the store, and then writes what changes. */
  async function theirWriter(data: FlagSet) {
    const changes = new integrations.TestData()
    for (const flag of Object.values(data.flags)) changes.usePreconfiguredFlag(flag)
    for (const segment of Object.values(data.segments ?? {})) changes.usePreconfiguredSegment(segment)
    const sdk = init('sdk-key', { ...offline, updateProcessor: changes.getFactory(), featureStore: theirStore() })
    await sdk.waitForInitialization({ timeout: 10 })
    return { sdk, changes }
  }

  it('written by us, is read in daemon mode, with the same evaluations', async () => {
    const store = ourStore()
    await store.init(everything)
    await store.upsert('features', { key: 'gone', version: 2, deleted: true })
    const targets = [{ values: ['u6'], variation: 2 }]
    await store.upsert('features', { ...base, key: 'targets', version: 2, targets })
    const daemon = init('sdk-key', { ...offline, useLdd: true, featureStore: theirStore() })
    await daemon.waitForInitialization({ timeout: 10 })
    const answers = await theirs(daemon)
    const all = await daemon.allFlagsState({ kind: 'user', key: 'u1' })
    daemon.close()
    expect(answers).toEqual(ours((await store.readAll()) ?? { flags: {} }))
    expect(answers).toContainEqual(['targets', 'c', 2, 'TARGET_MATCH', undefined])
    expect(answers).toContainEqual(['gone', 'fallback', undefined, 'ERROR', 'FLAG_NOT_FOUND'])
    expect(Object.keys(all.allValues()).toSorted()).toEqual(
      Object.keys(everything.flags)
        .filter((key) => key !== 'gone')
        .toSorted(),
    )
  })

  it('written by them, is read by us, with the same evaluations, and has no meta', async () => {
    // It was ours before: their filling takes our meta away.
    await ourStore().init({ flags: {} })
    const { sdk, changes } = await theirWriter(everything)
    expect(await ourStore().readMeta?.()).toBeUndefined()
    const before = await ourStore().readAll()
    expect([before?.meta, before?.inFlux, Object.keys(before?.flags ?? {}).length]).toEqual([undefined, undefined, 7])
    await changes.update(changes.flag('json').on(true).variations('x', 'y').fallthroughVariation(1))
    const answers = await theirs(sdk)
    sdk.close()
    expect(ours((await ourStore().readAll()) ?? { flags: {} })).toEqual(answers)
    expect(answers).toContainEqual(['json', 'y', 1, 'FALLTHROUGH', undefined])
  })

  it('filled by us and then by them forgets the flags, and whose they were', async () => {
    await ourStore().init({ flags: { mine: { ...base, key: 'mine' }, json: { ...base, key: 'json' } } })
    const { sdk } = await theirWriter(everything)
    sdk.close()
    expect(await ourStore().get('owners', 'mine')).toBeUndefined()
    expect((await ourStore().list('owners')).map(({ key }) => key)).toEqual(['json'])
    expect(
      await ourStore()
        .as('launchdarkly')
        .upsert('features', { ...base, key: 'mine' }),
    ).toBe('written')
    // Of what they fill we keep no meta: it would be old with their next change.
    expect(await ourStore().readMeta?.()).toBeUndefined()
  })

  it('a flag that they change behind a meta of ours is seen by who looks at everything, and told as in flux', async () => {
    const flags = declareFlags({ f: { variations: { off: false, on: true }, default: 'off' } })
    const flag = {
      key: 'f',
      version: 1,
      on: true,
      variations: [false, true],
      fallthrough: { variation: 1 },
      offVariation: 0,
    }
    const { sdk, changes } = await theirWriter({ flags: { f: flag } })
    // A second writer, which should not be: it makes a meta.
    await ourStore().init({ flags: { f: flag } })
    let now = 0
    const options = { ttlSeconds: 10, jitter: 0, recheckSeconds: 60, nowMs: () => now, deadlineMs: 5_000 }
    const source = cachedSource(redisFlagReader({ client, prefix }), options)
    expect(await said(source)).toBe('on')
    await changes.update(changes.flag('f').booleanFlag().on(false).offVariation(1))
    const snapshot = await ourStore().readAll()
    expect([snapshot?.meta, snapshot?.inFlux, snapshot?.flags['f']?.on]).toEqual([undefined, true, false])
    // The meta alone does not show it; looking at everything does, and from then on each refresh looks.
    for (now = 11_000; now < 90_000; now += 11_000) await said(source)
    expect(await said(source)).toBe('off')
    // A flag that is new shows in the counts, at the next refresh.
    await ourStore().init({ flags: { f: flag } })
    expect(await ourStore().readMeta?.()).toBeDefined()
    await changes.update(changes.flag('another').booleanFlag())
    expect(await ourStore().readMeta?.()).toBeUndefined()
    // Our next write makes the meta good, and so do no writes at all.
    await ourStore().upsert('features', { ...flag, version: 50 })
    expect((await ourStore().readAll())?.meta).toEqual(await ourStore().readMeta?.())
    await changes.update(changes.flag('another').booleanFlag().on(false))
    expect((await ourStore().readAll())?.inFlux).toBe(true)
    await ourStore().putAll([])
    expect((await ourStore().readAll())?.meta).toEqual(await ourStore().readMeta?.())
    sdk.close()

    async function said(from: FlagSource): Promise<string> {
      const answer = await from.decide({ key: 'u' }, flags.all)
      if (answer.status === 'unavailable') return answer.status
      const [first] = answer.decisions
      return first && 'variation' in first ? first.variation : 'none'
    }
  })

  it('two who write a flag at once, they with WATCH and we with a script, lose no newer version', async () => {
    const { sdk, changes } = await theirWriter({ flags: { f: { ...base, key: 'f' } } })
    const versions = Array.from({ length: 20 }, (_, n) => n + 2)
    await Promise.all([
      ...versions.map(() => changes.update(changes.flag('f').booleanFlag())),
      ...versions.map((version) => ourStore().upsert('features', { ...base, key: 'f', version: version * 2 })),
    ])
    expect((await ourStore().get('features', 'f'))?.version).toBe(42)
    sdk.close()
  })
})
