import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import {
  CreateTopicCommand,
  ListSubscriptionsCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findDynoxide, startDynamoDb } from '../../src/engines/dynamodb.ts'
import { startEngineProcess } from '../../src/engines/engine-process.ts'
import { LOCAL_CLIENT } from './local-client.ts'

let directory: string
const closing: (() => Promise<void> | void)[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-killed-'))
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await rm(directory, { recursive: true, force: true })
})

/** Writes as fast as the engine acknowledges, kills it in the middle, and answers what it had acknowledged. */
async function acknowledgedUntilKilled(
  write: (id: string) => Promise<unknown>,
  kill: () => Promise<void>,
): Promise<readonly string[]> {
  const acknowledged: string[] = []
  const write10 = Array.from({ length: 10 }, async (_, writer) => {
    for (let number = 0; ; number++) {
      const id = `${writer}-${number}`
      await write(id)
      acknowledged.push(id)
    }
  })
  const ended = Promise.allSettled(write10)
  await expect.poll(() => acknowledged.length).toBeGreaterThan(100)
  await kill()
  await ended
  return acknowledged
}

function clientOf<Client extends { destroy(): void }>(
  Type: new (settings: typeof LOCAL_CLIENT & { endpoint: string; maxAttempts: number }) => Client,
  endpoint: string,
): Client {
  const client = new Type({ ...LOCAL_CLIENT, endpoint, maxAttempts: 1 })
  closing.push(() => client.destroy())
  return client
}

describe('an engine that is killed by SIGKILL and started on its directory has all that it had acknowledged', () => {
  test('Kinesis', async () => {
    const first = await startEngineProcess('kinesis', directory)
    const client = clientOf(KinesisClient, first.endpoint)
    const StreamName = 'orders'
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    await waitUntilStreamExists({ client, maxWaitTime: 10, minDelay: 0.05, maxDelay: 0.05 }, { StreamName })
    const acknowledged = await acknowledgedUntilKilled(
      (id) => client.send(new PutRecordCommand({ StreamName, PartitionKey: id, Data: Buffer.from(id) })),
      first.kill,
    )

    const second = await startEngineProcess('kinesis', directory)
    closing.push(second.close)
    const again = clientOf(KinesisClient, second.endpoint)
    const { ShardIterator } = await again.send(
      new GetShardIteratorCommand({ StreamName, ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }),
    )
    const { Records = [] } = await again.send(new GetRecordsCommand({ ShardIterator }))
    const found = new Set(Records.map(({ Data }) => Buffer.from(Data ?? []).toString()))
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
  })

  test('SNS and SQS', async () => {
    const first = await startEngineProcess('sqs-sns', directory)
    const [sqs, sns] = [clientOf(SQSClient, first.endpoint), clientOf(SNSClient, first.endpoint)]
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }))
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'orders' }))
    const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:orders'
    const Attributes = { RawMessageDelivery: 'true' }
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }))
    const acknowledged = await acknowledgedUntilKilled(
      (id) => sns.send(new PublishCommand({ TopicArn, Message: id })),
      first.kill,
    )

    const second = await startEngineProcess('sqs-sns', directory)
    closing.push(second.close)
    const again = clientOf(SQSClient, second.endpoint)
    expect(
      (await clientOf(SNSClient, second.endpoint).send(new ListSubscriptionsCommand())).Subscriptions,
    ).toHaveLength(1)
    const url = QueueUrl.replace(first.endpoint, second.endpoint)
    const found = new Set<string>()
    for (;;) {
      const { Messages = [] } = await again.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }))
      for (const { Body = '' } of Messages) found.add(Body)
      if (Messages.length === 0) break
    }
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
  })

  test.runIf(findDynoxide() !== undefined)('DynamoDB, where dynoxide is installed', async () => {
    const first = await startDynamoDb({ dataDir: directory })
    const client = clientOf(DynamoDBClient, first.endpoint)
    const TableName = 'orders'
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    )
    const acknowledged = await acknowledgedUntilKilled(
      (id) => client.send(new PutItemCommand({ TableName, Item: { id: { S: id } } })),
      first.kill,
    )

    const second = await startDynamoDb({ dataDir: directory })
    closing.push(second.close)
    const { Items = [] } = await clientOf(DynamoDBClient, second.endpoint).send(new ScanCommand({ TableName }))
    const found = new Set(Items.map(({ id }) => id?.S))
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
  })
})
