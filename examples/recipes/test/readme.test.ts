import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { type Engines, startEngines } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const readme = readFileSync(resolve(root, 'README.md'), 'utf8')
const snippets = [...readme.matchAll(/```ts file=(\S+)\n(.*?)```/gs)].map(([, file = '', text = '']) => ({
  file,
  text,
}))

it('the README shows the files that are compiled and run here, to the letter', () => {
  expect(snippets.map(({ file }) => file.split('/').at(-1))).toEqual(['flags.ts', 'edge.ts', 'consumer.ts'])
  for (const { file, text } of snippets) expect(text).toBe(readFileSync(resolve(root, file), 'utf8'))
})

it('the first line says what it is, and that the edge is not Lambda@Edge', () => {
  expect(readme.split('\n').slice(0, 3).join(' ')).toMatch(/decided once, at the edge function.*not Lambda@Edge/)
})

describe('the README’s edge and consumer, on real engines', () => {
  let engines: Engines
  let kinesis: KinesisClient
  const context = { functionName: 'readme', getRemainingTimeInMillis: () => 30_000 } as never

  beforeAll(async () => {
    engines = await startEngines({ services: ['dynamodb', 'kinesis'] })
    const secret = Buffer.alloc(32, 5).toString('base64')
    for (const [name, value] of Object.entries({
      ...engines.env,
      WAYBILL_KEYS: `k1:${secret}`,
      WAYBILL_SUBJECT_SECRET: secret,
    })) {
      vi.stubEnv(name, value)
    }
    const dynamodb = new DynamoDBClient({})
    const keys = ['namespace', 'key']
    await dynamodb.send(
      new CreateTableCommand({
        TableName: 'flags',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
      }),
    )
    const flag = {
      key: 'new-order-flow',
      version: 3,
      on: true,
      variations: [false, true],
      targets: [{ values: ['tester'], variation: 1 }],
      fallthrough: { variation: 0 },
    }
    await dynamoDbFlagStore({ client: dynamodb, tableName: 'flags' }).init({ flags: { [flag.key]: flag } })
    dynamodb.destroy()
    kinesis = new KinesisClient({})
    await kinesis.send(new CreateStreamCommand({ StreamName: 'order-events', ShardCount: 1 }))
    await vi.waitUntil(async () => {
      const { StreamDescriptionSummary } = await kinesis.send(
        new DescribeStreamSummaryCommand({ StreamName: 'order-events' }),
      )
      return StreamDescriptionSummary?.StreamStatus === 'ACTIVE'
    }, 10_000)
  })
  afterAll(async () => {
    kinesis.destroy()
    await engines.close()
    vi.unstubAllEnvs()
  })

  it('one user’s canary order and another’s control order come out as they were decided', async () => {
    const edge = await import('../src/edge.ts')
    const consumer = await import('../src/consumer.ts')
    const place = async (userId: string): Promise<{ extra?: string }> => {
      const { body } = await edge.handler({ queryStringParameters: { userId } }, context)
      return JSON.parse(body) as { extra?: string }
    }
    expect(await place('tester')).toHaveProperty('extra', 'for the canary')
    expect(await place('somebody')).not.toHaveProperty('extra')

    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName: 'order-events',
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    )
    const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
    expect(Records).toHaveLength(2)
    const asEvent = (records: readonly (Uint8Array | undefined)[]): never =>
      ({
        Records: records.map((data, index) => ({
          eventSource: 'aws:kinesis',
          eventID: `shardId-000000000000:${index}`,
          kinesis: {
            sequenceNumber: String(index),
            partitionKey: 'p',
            data: Buffer.from(data ?? []).toString('base64'),
          },
        })),
      }) as never
    const sent = Records.map(({ Data }) => Data)
    expect(await consumer.handler(asEvent(sent), context)).toEqual({ batchItemFailures: [] })

    // A canary record that lost its extra fails, alone: the consumer did run the canary for it, and only for it.
    const without = sent.map((data) =>
      Buffer.from(
        Buffer.from(data ?? [])
          .toString()
          .replace('"extra":"for the canary",', ''),
      ),
    )
    expect(await consumer.handler(asEvent(without), context)).toEqual({ batchItemFailures: [{ itemIdentifier: '0' }] })
  })
})
