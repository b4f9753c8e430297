import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { init, integrations, type LDClient, type LDContext, type LDOptions } from '@launchdarkly/node-server-sdk'
import type { EvaluationContext, JsonValue } from '@waybill/core'
import { compileRuleset, type FlagSet } from '@waybill/flags'
import { type DynamoDb, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dynamoDbFlagStore } from '../src/flag-store.ts'
import { clientAt, engines, isAbsent, newTable } from './engine.ts'
import { layoutStore, publishedStore } from './launchdarkly-store.ts'

const base = {
  version: 1,
  on: true,
  variations: ['a', 'b', 'c'],
  offVariation: 2,
  fallthrough: { variation: 0 },
  salt: 's',
}
const rollout = (kind: 'rollout' | 'experiment') => ({
  kind,
  contextKind: 'user',
  variations: [
    { variation: 0, weight: 30_000 },
    { variation: 1, weight: 50_000 },
    { variation: 2, weight: 20_000, untracked: true },
  ],
})
const everything: FlagSet = {
  flags: Object.fromEntries(
    [
      { ...base, key: 'off', on: false },
      { ...base, key: 'targets', targets: [{ values: ['u1', 'u2'], variation: 1 }] },
      { ...base, key: 'rollout', fallthrough: { rollout: rollout('rollout') } },
      { ...base, key: 'experiment', fallthrough: { rollout: rollout('experiment') } },
      {
        ...base,
        key: 'segment',
        rules: [{ id: 'r', variation: 1, clauses: [{ attribute: '', op: 'segmentMatch', values: ['few'] }] }],
      },
      {
        ...base,
        key: 'attribute',
        rules: [
          {
            id: 'r',
            variation: 2,
            clauses: [{ contextKind: 'org', attribute: '/plan/name', op: 'in', values: ['pro'] }],
          },
        ],
      },
      { ...base, key: 'prerequisite', prerequisites: [{ key: 'rollout', variation: 1 }] },
      { ...base, key: 'json', variations: [{ deep: [1, null, 'ü'] }, 7, true] },
      { ...base, key: 'gone' },
    ].map((flag) => [flag.key, flag]),
  ),
  segments: { few: { key: 'few', version: 1, included: ['u3', 'u4'], excluded: [], rules: [], salt: 't' } as never },
}
const contexts: readonly EvaluationContext[] = Array.from({ length: 40 }, (_, n) =>
  n % 2 === 0
    ? { kind: 'user', key: `u${n}` }
    : { kind: 'multi', user: { key: `u${n}` }, org: { key: 'o', plan: { name: n % 3 === 0 ? 'pro' : 'free' } } },
)
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
      answers.push([
        key,
        value,
        variationIndex ?? undefined,
        reason.kind,
        reason.errorKind,
        reason.inExperiment ?? false,
      ])
    }
  }
  return answers
}

function ours(data: FlagSet): readonly unknown[] {
  const { decide } = compileRuleset(data)
  return keys.flatMap((key) =>
    contexts.map((context) => {
      const { value, variationIndex, reason } = decide(key, context, 'fallback' satisfies JsonValue)
      return [key, value, variationIndex, reason.kind, reason.errorKind, reason.inExperiment ?? false]
    }),
  )
}

const published = publishedStore()
const stores = [
  { by: 'LaunchDarkly’s persistence on the published layout', make: layoutStore },
  ...(published ? [{ by: 'LaunchDarkly’s own DynamoDB package', make: published }] : []),
]

for (const engine of engines) {
  describe.skipIf(isAbsent(engine))(`a table on ${engine} shared with LaunchDarkly’s SDK`, () => {
    let server: DynamoDb
    let client: DynamoDBClient
    let tableName: string
    beforeAll(async () => {
      server = await startDynamoDb({ engine })
      client = clientAt(server.endpoint)
    })
    beforeEach(async () => {
      tableName = await newTable(client)
    })
    afterAll(async () => {
      client.destroy()
      await server.close()
    })
    const ourStore = () => dynamoDbFlagStore({ client, tableName, prefix: 'env' })

    for (const { by, make } of stores) {
      it(`written by us, is read in daemon mode through ${by}, with the same evaluations`, async () => {
        const store = ourStore()
        await store.init(everything)
        await store.upsert('features', { key: 'gone', version: 2, deleted: true })
        await store.upsert('features', {
          ...base,
          key: 'targets',
          version: 2,
          targets: [{ values: ['u6'], variation: 2 }],
        })
        const daemon = init('sdk-key', { ...offline, useLdd: true, featureStore: make(client, tableName, 'env') })
        await daemon.waitForInitialization({ timeout: 5 })
        const answers = await theirs(daemon)
        daemon.close()
        expect(answers).toEqual(ours((await store.readAll()) ?? { flags: {} }))
        expect(answers).toContainEqual(['targets', 'c', 2, 'TARGET_MATCH', undefined, false])
        expect(answers).toContainEqual(['gone', 'fallback', undefined, 'ERROR', 'FLAG_NOT_FOUND', false])
      })

      it(`written through ${by}, is read by us, with the same evaluations`, async () => {
        // It was ours before: their init takes our meta away.
        await ourStore().init({ flags: {} })
        const data = new integrations.TestData()
        for (const flag of Object.values(everything.flags)) data.usePreconfiguredFlag(flag)
        for (const segment of Object.values(everything.segments ?? {})) data.usePreconfiguredSegment(segment)
        const writer = init('sdk-key', {
          ...offline,
          updateProcessor: data.getFactory(),
          featureStore: make(client, tableName, 'env'),
        })
        await writer.waitForInitialization({ timeout: 5 })
        const before = await ourStore().readAll()
        expect(before?.meta).toBeUndefined()
        expect(Object.keys(before?.flags ?? {})).toHaveLength(9)
        await data.update(data.flag('json').on(true).variations('x', 'y').fallthroughVariation(1))
        const answers = await theirs(writer)
        writer.close()
        const after = await ourStore().readAll()
        expect(ours(after ?? { flags: {} })).toEqual(answers)
        expect(answers).toContainEqual(['json', 'y', 1, 'FALLTHROUGH', undefined, false])
      })
    }
  })
}
