import { CreateTableCommand, DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import {
  createWaybill,
  declareFlags,
  keyRing,
  type Observer,
  sealToken,
  stampClient,
  withHonouredDecisions,
  withRecordScope,
} from '@waybill/core'
import { type DynamoDb, findDynoxide, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const flags = declareFlags({ f: { variations: { control: false, canary: true }, default: 'control' } })
const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 3) } })
const tokenOf = (variation: 'control' | 'canary'): string => {
  const decisions = [{ flag: 'f', variation, value: variation === 'canary', version: 2 }]
  return sealToken(createWaybill({ decisions }), keys).token as string
}
const inScopeOf = <R>(variation: 'control' | 'canary', send: () => Promise<R>): Promise<R> =>
  withHonouredDecisions(send, { flags, keys })({ _waybill: tokenOf(variation) })

let engine: DynamoDb
let outbox: DynamoDBClient
let unaware: DynamoDBClient

const isAbsent = findDynoxide() === undefined
if (isAbsent) console.warn('skipped: no DynamoDB engine with streams for this platform')

/** The stream's protocol, as its client speaks it: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html */
async function streams(operation: string, input: object): Promise<Record<string, never>> {
  const response = await fetch(engine.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      'x-amz-date': '20250101T000000Z',
    },
    body: JSON.stringify(input),
  })
  if (!response.ok) throw new Error(`${operation}: ${await response.text()}`)
  return (await response.json()) as Record<string, never>
}

async function newTable(StreamViewType: 'NEW_AND_OLD_IMAGES' | 'NEW_IMAGE', TableName: string): Promise<string> {
  const { TableDescription } = await unaware.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType },
    }),
  )
  return TableDescription?.LatestStreamArn ?? ''
}

interface Change {
  readonly eventName: string
  readonly dynamodb: { readonly NewImage?: Readonly<Record<string, { readonly S: string }>> }
}

/** All changes of a table, as its event source hands them over, through a consumer that honours decisions. */
async function consume(StreamArn: string): Promise<{ readonly ran: readonly unknown[]; readonly counts: object }> {
  const { StreamDescription } = await streams('DescribeStream', { StreamArn })
  const { Shards } = StreamDescription as unknown as { Shards: readonly { ShardId: string }[] }
  const Records: Change[] = []
  for (const { ShardId } of Shards) {
    const { ShardIterator } = await streams('GetShardIterator', {
      StreamArn,
      ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    })
    Records.push(...((await streams('GetRecords', { ShardIterator }))['Records'] as unknown as Change[]))
  }
  const counts: Record<string, number> = {}
  const observer: Observer = {
    reportsCounts: true,
    end: (report) => {
      for (const [code, by] of report.counts) counts[code] = (counts[code] ?? 0) + by
    },
  }
  const onRecord = withRecordScope(async ({ eventName, dynamodb }: Change) => [
    eventName,
    flags.get('f'),
    Object.keys(dynamodb.NewImage ?? {}).sort(),
  ])
  const handler = withHonouredDecisions(
    (event: { Records: readonly Change[] }) => Promise.all(event.Records.map((record) => onRecord(record))),
    { flags, keys, observers: [observer] },
  )
  return { ran: await handler({ Records: Records.map((one) => ({ ...one, eventSource: 'aws:dynamodb' })) }), counts }
}

describe.skipIf(isAbsent)('an outbox on a real table and its stream', () => {
  beforeAll(async () => {
    engine = await startDynamoDb({ engine: 'dynoxide' })
    const settings = {
      endpoint: engine.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    }
    outbox = stampClient(new DynamoDBClient(settings), { to: ['outbox', 'new-images'] })
    unaware = new DynamoDBClient(settings)
  })
  afterAll(async () => {
    outbox?.destroy()
    unaware?.destroy()
    await engine?.close()
  })

  const item = (note: string) => ({ id: { S: 'o-1' }, note: { S: note } })
  const change = (TableName: string) =>
    new UpdateItemCommand({
      TableName,
      Key: { id: { S: 'o-1' } },
      UpdateExpression: 'SET note = :n',
      ExpressionAttributeValues: { ':n': { S: 'changed' } },
    })

  it('brings each change the decisions of the one who made it, and none to a change by a writer without Waybill', async () => {
    const stream = await newTable('NEW_AND_OLD_IMAGES', 'outbox')
    const put = (note: string) => () => outbox.send(new PutItemCommand({ TableName: 'outbox', Item: item(note) }))
    await inScopeOf('canary', put('first'))
    await unaware.send(change('outbox'))
    await inScopeOf('control', put('second'))
    await inScopeOf('canary', put('third'))
    const { ran, counts } = await consume(stream)
    const clean = ['id', 'note']
    expect(ran).toEqual([
      ['INSERT', true, clean],
      ['MODIFY', false, clean],
      ['MODIFY', false, clean],
      ['MODIFY', true, clean],
    ])
    expect(counts).toEqual({ old_stamp: 1, no_token: 1, undecided: 1 })
  })

  it('with a stream of new images alone, new items are believed, and changed ones are not, counted', async () => {
    const stream = await newTable('NEW_IMAGE', 'new-images')
    const put = () => outbox.send(new PutItemCommand({ TableName: 'new-images', Item: item('x') }))
    await inScopeOf('canary', put)
    await inScopeOf('canary', () => outbox.send(new PutItemCommand({ TableName: 'new-images', Item: item('y') })))
    const { ran, counts } = await consume(stream)
    expect(ran).toEqual([
      ['INSERT', true, ['id', 'note']],
      ['MODIFY', false, ['id', 'note']],
    ])
    expect(counts).toEqual({ no_old_image: 1, no_token: 1, undecided: 1 })
  })
})
