import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  declareFlags,
  keyRing,
  type Observer,
  pinDecisions,
  type RecallSource,
  withEvaluatedFlags,
} from '@waybill/core'
import { dynamoDbPinStore } from '@waybill/dynamodb/pin-store'
import { memorySource } from '@waybill/flags'
import { type Cutter, type DynamoDb, findDynoxide, startCutter, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const absent = findDynoxide() === undefined
if (absent) console.log('dynoxide is not there on this platform: pins are not tested on an engine')

const flags = declareFlags({
  f: { variations: { control: false, canary: true }, default: 'control', inFlight: 'recall' },
})
const secret = Buffer.alloc(32, 3)
const keys = keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret })

interface Post {
  readonly key?: string
  readonly user: string
}

describe.skipIf(absent)('an edge that pins a request by its idempotency key, in DynamoDB', () => {
  let engine: DynamoDb
  let cutter: Cutter
  let client: DynamoDBClient
  let now = Date.now()
  beforeAll(async () => {
    engine = await startDynamoDb({ engine: 'dynoxide' })
    cutter = await startCutter(engine.endpoint)
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    client = new DynamoDBClient({ endpoint: cutter.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
    await client.send(
      new CreateTableCommand({
        TableName: 'pins',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      }),
    )
  })
  afterAll(async () => {
    client.destroy()
    await cutter.close()
    await engine.close()
  })

  /** One environment, on flag data that says this; what a handler ran, and what was counted. */
  async function attempt(serves: 'control' | 'canary', post: Post, recalls?: RecallSource) {
    const source = memorySource()
    source.flag('f', { control: false, canary: true }).everybody(serves)
    const counts: Record<string, number> = {}
    const observer: Observer = {
      reportsCounts: true,
      end: (report) => {
        for (const [code, by] of report.counts) counts[code] = (counts[code] ?? 0) + by
      },
    }
    const nowMs = (): number => now
    const store = dynamoDbPinStore({ client, tableName: 'pins', prefix: 'orders', nowMs, warn: () => {} })
    const edge = withEvaluatedFlags((_post: Post) => flags.detail('f').variation, {
      ...{ flags, keys, source, nowMs, observers: [observer] },
      ...(recalls === undefined ? {} : { recalls }),
      context: ({ user }: Post) => ({ key: user }),
      pin: pinDecisions({ key: ({ key }: Post) => key, store, ttlSeconds: 60, deadlineMs: 500 }),
    })
    return { ran: await edge(post), counts }
  }

  it('a repeated POST runs what its first attempt ran, whatever the flag says by then', async () => {
    const post = { key: 'order-1', user: 'ada' }
    expect(await attempt('canary', post)).toEqual({ ran: 'canary', counts: {} })
    expect(await attempt('control', post)).toEqual({ ran: 'canary', counts: { pinned: 1 } })
    expect(await attempt('control', { ...post, key: 'order-2' })).toEqual({ ran: 'control', counts: {} })
    expect(await attempt('control', { ...post, user: 'bob' })).toEqual({ ran: 'control', counts: {} })
    expect(await attempt('control', { user: 'ada' })).toEqual({ ran: 'control', counts: {} })
  })

  it('a recall reaches a pinned decision at an edge that has a recall source', async () => {
    const post = { key: 'order-4', user: 'ada' }
    expect((await attempt('canary', post)).ran).toBe('canary')
    const recalls = { current: () => [{ flag: 'f', upToVersion: 9, to: 'control' }] }
    expect(await attempt('canary', post, recalls)).toEqual({ ran: 'control', counts: { pinned: 1, recalled: 1 } })
  })

  it('is decided anew when its time is over, though the item is still there', async () => {
    const post = { key: 'order-3', user: 'ada' }
    expect((await attempt('canary', post)).ran).toBe('canary')
    now += 60_000
    expect(await attempt('control', post)).toEqual({ ran: 'control', counts: {} })
  })

  it.each(['cut', 'hang'] as const)(
    'is served with fresh decisions when the table fails (%s), and counts it',
    async (how) => {
      const post = { key: `order-${how}`, user: 'ada' }
      expect((await attempt('canary', post)).ran).toBe('canary')
      cutter[how]()
      try {
        expect(await attempt('control', post)).toEqual({ ran: 'control', counts: { pin_failed: 1 } })
      } finally {
        cutter.heal()
        client.config.requestHandler.destroy?.()
      }
      expect(await attempt('control', post)).toEqual({ ran: 'canary', counts: { pinned: 1 } })
    },
  )
})
