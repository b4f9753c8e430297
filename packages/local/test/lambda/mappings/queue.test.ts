import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type SqsSns, startSqsSns } from '../../../src/engines/sqs-sns.ts'
import { type LambdaHost, startLambdaHost } from '../../../src/lambda/host.ts'
import type { EventSourceMapping } from '../../../src/lambda/mappings/mapping.ts'
import { mapQueue, type QueueMappingOptions } from '../../../src/lambda/mappings/queue.ts'

let engine: SqsSns
let client: SQSClient
let host: LambdaHost
let mapping: EventSourceMapping | undefined
let lines: string[]

beforeAll(async () => {
  engine = await startSqsSns()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  client = new SQSClient({ region: 'us-east-1', endpoint: engine.endpoint, credentials })
})

beforeEach(() => {
  lines = []
  host = startLambdaHost({ onLog: ({ line }) => lines.push(line) })
  for (const name of ['consumer', 'says-event']) {
    const entry = fileURLToPath(new URL(`../handlers/${name}.mjs`, import.meta.url))
    host.deploy({ name, entry, maxConcurrency: 1 })
  }
})

afterEach(async () => {
  await mapping?.stop()
  mapping = undefined
  await host.close()
})

afterAll(async () => {
  client.destroy()
  await engine.close()
})

async function newQueue(Attributes: Record<string, string> = {}): Promise<{ queueUrl: string; queueArn: string }> {
  const QueueName = `queue-${randomUUID()}`
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout: '1', ...Attributes } }),
  )
  return { queueUrl: QueueUrl, queueArn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}` }
}

async function sendAll(queueUrl: string, bodies: readonly object[]): Promise<void> {
  const Entries = bodies.map((body, index) => ({ Id: String(index), MessageBody: JSON.stringify(body) }))
  await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
}

function map(
  queue: { queueUrl: string; queueArn: string },
  options: Partial<QueueMappingOptions> = {},
): EventSourceMapping {
  mapping = mapQueue({ client, ...queue, host, functionName: 'consumer', concurrency: 1, ...options })
  return mapping
}

const batches = (): readonly (readonly string[])[] =>
  lines.flatMap((line) => (line.startsWith('[') ? [JSON.parse(line)] : []))

test('a message arrives in the shape that Lambda documents', async () => {
  const queue = await newQueue()
  await client.send(
    new SendMessageCommand({
      QueueUrl: queue.queueUrl,
      MessageBody: 'not JSON é',
      MessageAttributes: {
        waybill: { DataType: 'String', StringValue: 'wb1' },
        bytes: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
      },
    }),
  )
  await map(queue, { functionName: 'says-event' }).idle()
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      Records: [
        {
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          receiptHandle: expect.any(String),
          body: 'not JSON é',
          attributes: expect.objectContaining({
            ApproximateReceiveCount: '1',
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          }),
          messageAttributes: {
            waybill: { stringValue: 'wb1', stringListValues: [], binaryListValues: [], dataType: 'String' },
            bytes: { binaryValue: 'AP8=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
          },
          md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
          md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
          eventSource: 'aws:sqs',
          eventSourceARN: queue.queueArn,
          awsRegion: 'us-east-1',
        },
      ],
    },
  ])
})

test('only the messages that were reported come again', async () => {
  const queue = await newQueue()
  await sendAll(queue.queueUrl, [{ id: 'a' }, { id: 'b', fail: 1 }, { id: 'c' }])
  const mapped = map(queue)
  await mapped.idle()
  expect(batches()).toEqual([['a', 'b', 'c'], ['b']])
  expect(mapped.delivered()).toBe(3)
})

test.each(['throw', 'empty', 'unknown'])('%s: the whole batch comes again', async (how) => {
  const queue = await newQueue()
  await sendAll(queue.queueUrl, [{ id: 'a' }, { id: 'b', fail: 1, how }])
  const mapped = map(queue)
  await mapped.idle()
  expect(batches().flat().sort()).toEqual(['a', 'a', 'b', 'b'])
  expect(mapped.delivered()).toBe(2)
})

test('a message that always fails goes where the queue sends it, and the queue counts as drained', async () => {
  const dead = await newQueue()
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.queueArn, maxReceiveCount: 2 })
  const queue = await newQueue({ RedrivePolicy })
  await sendAll(queue.queueUrl, [{ id: 'poison', fail: 99 }, { id: 'b' }])
  const mapped = map(queue)
  await mapped.idle()
  expect(mapped.delivered()).toBe(1)
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl: dead.queueUrl, WaitTimeSeconds: 5 }),
  )
  expect(Messages.map(({ Body = '' }) => JSON.parse(Body).id)).toEqual(['poison'])
})

test('idle waits for everything that was sent, delayed messages included', async () => {
  const queue = await newQueue()
  const mapped = map(queue, { concurrency: 3 })
  for (let round = 0; round < 10; round++) {
    await sendAll(
      queue.queueUrl,
      Array.from({ length: 10 }, (_, i) => ({ id: `${round}-${i}` })),
    )
  }
  const late = JSON.stringify({ id: 'late' })
  await client.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: late, DelaySeconds: 1 }))
  await mapped.idle()
  expect(mapped.delivered()).toBe(101)
  expect(new Set(batches().flat()).size).toBe(101)
})

test('messages wait for a function that is not there yet', async () => {
  const queue = await newQueue()
  await sendAll(queue.queueUrl, [{ id: 'a' }])
  const errors: unknown[] = []
  const mapped = map(queue, { functionName: 'later', onError: (error) => errors.push(error) })
  await expect.poll(() => errors).toEqual([expect.objectContaining({ code: 'unknown_function' })])
  host.deploy({ name: 'later', entry: fileURLToPath(new URL('../handlers/consumer.mjs', import.meta.url)) })
  await mapped.idle()
  expect(mapped.delivered()).toBe(1)
})

test('with a poll interval, messages that come one by one go together', async () => {
  const queue = await newQueue()
  const send = (id: string) =>
    client.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: JSON.stringify({ id }) }))
  await send('a')
  await map(queue, { pollIntervalMs: 2000 }).idle()
  for (const id of ['b', 'c', 'd']) await send(id)
  await mapping?.idle()
  expect(batches().map((ids) => ids.length)).toEqual([1, 3])
})

test('stop ends a mapping that waits for messages', async () => {
  const mapped = map(await newQueue())
  await mapped.idle()
  await mapped.stop()
  await expect(mapped.idle()).resolves.toBeUndefined()
})
