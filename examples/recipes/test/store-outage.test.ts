import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import middy from '@middy/core'
import { type Cause, declareFlags, type Observer, unsignedKeysForLocalUse, withEvaluatedFlags } from '@waybill/core'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { cachedSource } from '@waybill/flags'
import { type Cutter, type DynamoDb, startCutter, startDynamoDb } from '@waybill/local'
import { evaluateFlags } from '@waybill/middy'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const flags = declareFlags({ f: { variations: { control: false, canary: true }, default: 'control' } })
const keys = unsignedKeysForLocalUse()
const context = (event: { user?: string }): { key: string } => ({ key: event.user ?? '' })
const answer = async (): Promise<object> => ({
  statusCode: 200,
  flow: flags.detail('f').variation,
  cause: flags.detail('f').cause,
})

let engine: DynamoDb
let cutter: Cutter
let client: DynamoDBClient
beforeAll(async () => {
  engine = await startDynamoDb()
  cutter = await startCutter(engine.endpoint)
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  client = new DynamoDBClient({ endpoint: cutter.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  const names = ['namespace', 'key']
  await client.send(
    new CreateTableCommand({
      TableName: 'flags',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: names.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
    }),
  )
  const flag = { key: 'f', version: 1, on: true, variations: [false, true], fallthrough: { variation: 1 } }
  await dynamoDbFlagStore({ client, tableName: 'flags' }).init({ flags: { f: flag } })
})
afterAll(async () => {
  client.destroy()
  await cutter.close()
  await engine.close()
})

/** An edge as a cold start has it: no data yet. */
function coldEdge(skin: 'wrapper' | 'middy'): {
  handler: (event: { user?: string }) => Promise<object>
  counts: Record<string, number>
} {
  const counts: Record<string, number> = {}
  const observer: Observer = {
    reportsCounts: true,
    end: (report) => {
      for (const [code, by] of report.counts) counts[code] = (counts[code] ?? 0) + by
    },
  }
  const source = cachedSource(dynamoDbFlagStore({ client, tableName: 'flags' }), { deadlineMs: 1000 })
  const options = { flags, keys, source, context, observers: [observer] }
  if (skin === 'wrapper') return { handler: withEvaluatedFlags(answer, options), counts }
  const middied = middy<{ user?: string }, object>(answer).use(evaluateFlags<{ user?: string }>(options))
  return { handler: (event) => middied(event, {} as never), counts }
}

describe.each(['wrapper', 'middy'] as const)('an edge function (%s) whose flag store', (skin) => {
  const cases: [what: string, fault: (() => void) | undefined, user: string, cause: Cause | undefined][] = [
    ['answers', undefined, 'u-1', undefined],
    ['is down', () => cutter.cut(), 'u-1', 'source_unavailable'],
    ['hangs', () => cutter.hang(), 'u-1', 'source_unavailable'],
    ['answers, for nobody', undefined, '', 'no_subject'],
  ]
  it.each(cases)('%s: serves the request, and counts once', async (_what, fault, user, cause) => {
    const { handler, counts } = coldEdge(skin)
    fault?.()
    try {
      const flow = cause === undefined ? 'canary' : 'control'
      expect(await handler({ user })).toEqual({ statusCode: 200, flow, cause })
      expect(counts).toEqual(cause === undefined ? {} : { [cause]: 1 })
    } finally {
      cutter.heal()
    }
  })
})
