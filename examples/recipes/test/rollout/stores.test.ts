import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import type { FlagStore } from '@waybill/flags'
import { findRedisServer, startDynamoDb, startRedis } from '@waybill/local'
import { redisFlagStore } from '@waybill/redis'
import { rolloutController, rolloutOperator } from '@waybill/rollout'
import { createClient } from 'redis'
import { describe, expect, it, vi } from 'vitest'
import { createTables, FLAG, PLAN } from './tables.ts'

vi.setConfig({ testTimeout: 60_000 })
const MINUTE = 60_000
const ADA = { who: 'ada', comment: 'first try' }

async function onDynamoDb(use: (store: FlagStore) => Promise<void>): Promise<void> {
  const engine = await startDynamoDb()
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = new DynamoDBClient({ endpoint: engine.endpoint, region: 'us-east-1', credentials })
  try {
    await createTables(client)
    await use(dynamoDbFlagStore({ client, tableName: 'flags' }))
  } finally {
    client.destroy()
    await engine.close()
  }
}

async function onRedis(use: (store: FlagStore) => Promise<void>): Promise<void> {
  const engine = await startRedis()
  const client = await createClient({ url: engine.endpoint }).connect()
  try {
    await use(redisFlagStore({ client }))
  } finally {
    client.destroy()
    await engine.close()
  }
}

const hasRedis = findRedisServer() !== undefined
if (!hasRedis) console.log('redis-server is not there: rollouts on Redis are passed over')

describe.each([
  ['DynamoDB', onDynamoDb, true],
  ['Redis', onRedis, hasRedis],
] as const)('on %s', (_, on, isThere) => {
  it.skipIf(!isThere)('one rollout goes to everybody, and the next one is rolled back', () =>
    on(async (store) => {
      let nowMs = 1_000 * MINUTE
      let errors = 0
      const operator = rolloutOperator({ store, nowMs: () => nowMs })
      const version = async (): Promise<number> => (await store.get('features', PLAN.flag))?.version ?? 0
      const controller = rolloutController({
        store,
        nowMs: () => nowMs,
        log: () => {},
        affectedUsers: {
          totals: async () => [{ kind: 'error', variation: 'canary', version: await version(), users: errors }],
        },
        minutes: async ({ untilMs }) => [{ minuteMs: untilMs - MINUTE, started: 9, finished: 9, errors: 0 }],
      })
      const phase = async (): Promise<string | undefined> => (await operator.get(PLAN.flag))?.state.phase
      await store.init({ flags: { [FLAG.key]: FLAG } })

      await operator.start(PLAN, ADA)
      for (let minute = 0; minute < 30 && (await phase()) !== 'complete'; minute += 1) {
        nowMs += MINUTE
        await Promise.all([controller.tick(), controller.tick()])
      }
      expect(await phase()).toBe('complete')

      const flag = await store.get('features', PLAN.flag)
      const back = { ...flag, ...FLAG, version: (flag?.version ?? 0) + 1 }
      await store.put('features', back, { ifVersion: flag?.version ?? 0 })
      await operator.start({ ...PLAN, id: 'second' }, ADA)
      errors = 12
      nowMs += 4 * MINUTE
      await controller.tick()
      expect(await phase()).toBe('rolled-back')
      expect(await store.get('recalls', PLAN.flag)).toMatchObject({ to: 'control', upToVersion: (await version()) - 1 })
      expect((await operator.history(PLAN.flag)).map(({ action }) => action)).toEqual([
        'start new-order-flow-1',
        'step 2 of 2: 10 % -> 100 %',
        'complete',
        'start second',
        'roll back',
      ])
    }),
  )
})
