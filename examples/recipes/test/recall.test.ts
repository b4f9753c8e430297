import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  CreateQueueCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import {
  declareFlags,
  keyRing,
  type Observer,
  type RecallSource,
  stampClient,
  withEvaluatedFlags,
  withHonouredDecisions,
  withRecordScope,
} from '@waybill/core'
import { dynamoDbFlagReader, dynamoDbFlagStore } from '@waybill/dynamodb'
import { dynamoDbRecallSource } from '@waybill/dynamodb/recall-source'
import { cachedSource } from '@waybill/flags'
import { type Engines, startEngines } from '@waybill/local'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

// Each operator's command is a process of its own.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const WAYBILL = resolve(import.meta.dirname, '../../../packages/cli/dist/bin.js')
const variations = { control: false, canary: true }
const flags = declareFlags({
  'order-flow': { variations, default: 'control', inFlight: 'recall' },
  'price-display': { variations, default: 'control' },
})
const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 3) } })
const tableName = 'flags'

let engines: Engines
let dynamodb: DynamoDBClient
let sqs: SQSClient
let prefix = ''
let queue = ''
let tests = 0
beforeAll(async () => {
  engines = await startEngines({ services: ['dynamodb', 'sqs-sns'] })
  for (const [name, value] of Object.entries(engines.env)) vi.stubEnv(name, value)
  dynamodb = new DynamoDBClient({})
  sqs = stampClient(new SQSClient({}))
  const names = ['namespace', 'key']
  await dynamodb.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: names.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
    }),
  )
})
afterAll(async () => {
  dynamodb.destroy()
  sqs.destroy()
  await engines.close()
  vi.unstubAllEnvs()
})
beforeEach(async () => {
  tests += 1
  prefix = `env-${tests}`
  queue = (await sqs.send(new CreateQueueCommand({ QueueName: prefix }))).QueueUrl ?? ''
  const canary = { version: 7, on: true, variations: [false, true], offVariation: 0, fallthrough: { variation: 1 } }
  const named = { ...canary, variationNames: ['control', 'canary'] }
  await dynamoDbFlagStore({ client: dynamodb, tableName, prefix }).init({
    flags: { 'order-flow': { key: 'order-flow', ...named }, 'price-display': { key: 'price-display', ...named } },
  })
})

/** An operator at a terminal. */
async function waybill(...args: readonly string[]): Promise<void> {
  const env = { ...process.env, WAYBILL_TABLE: tableName, WAYBILL_PREFIX: prefix, WAYBILL_WHO: 'ada' }
  const child = spawn(process.execPath, [WAYBILL, ...args, '--comment', 'errors in payment'], { env })
  const [said, code] = await Promise.all([
    text(child.stderr),
    new Promise((done) => child.once('close', done)),
    text(child.stdout),
  ])
  expect({ code, said }).toEqual({ code: 0, said: '' })
}

/** A request to an edge that has just been started, whose message then waits in the queue. */
async function order(user: string): Promise<string> {
  const source = cachedSource(dynamoDbFlagReader({ client: dynamodb, tableName, prefix }))
  const edge = withEvaluatedFlags(
    async ({ user: key }: { user: string }) => {
      await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: key }))
      return flags.detail('order-flow').variation
    },
    { flags, keys, source, context: ({ user: key }) => ({ key }) },
  )
  return edge({ user })
}

async function waiting(): Promise<readonly Message[]> {
  const receive = { QueueUrl: queue, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }
  return (await sqs.send(new ReceiveMessageCommand(receive))).Messages ?? []
}

const recallsNow = (): RecallSource => dynamoDbRecallSource({ client: dynamodb, tableName, prefix, deadlineMs: 5000 })

/** What a consumer ran for each message, and what it counted. */
async function consume(messages: readonly Message[], recalls?: RecallSource) {
  const counts: Record<string, number> = {}
  const observer: Observer = {
    reportsCounts: true,
    end: (report) => {
      for (const [code, by] of report.counts) counts[code] = (counts[code] ?? 0) + by
    },
  }
  const record = withRecordScope(({ body }: { body: string }) => {
    const [orderFlow, prices] = [flags.detail('order-flow'), flags.detail('price-display')]
    return [
      body,
      `${orderFlow.variation} v${orderFlow.version} ${orderFlow.origin}`,
      `${prices.variation} ${prices.origin}`,
    ]
  })
  const Records = messages.map(({ MessageId, Body, MessageAttributes = {} }) => ({
    eventSource: 'aws:sqs',
    messageId: MessageId,
    body: Body ?? '',
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { DataType, StringValue }]) => [
        name,
        { dataType: DataType, stringValue: StringValue },
      ]),
    ),
  }))
  const handler = withHonouredDecisions(
    (event: { Records: typeof Records }) => Promise.all(event.Records.map((one) => record(one))),
    { flags, keys, observers: [observer], ...(recalls === undefined ? {} : { recalls }) },
  )
  return { ran: (await handler({ Records })).toSorted(), counts }
}

describe('an order that was decided for the canary and waits in a queue', () => {
  it('runs control once the operator recalled the flag; kept flags and later versions go on as decided', async () => {
    expect(await order('u-1')).toBe('canary')
    await waybill('flags', 'kill', 'order-flow')
    await waybill('recall', 'order-flow', '--to', 'control')
    await waybill('recall', 'price-display', '--to', 'control')
    await waybill('flags', 'set', 'order-flow', 'on')
    expect(await order('u-2')).toBe('canary')
    expect(await consume(await waiting(), recallsNow())).toEqual({
      ran: [
        ['u-1', 'control v7 recalled', 'canary propagated'],
        ['u-2', 'canary v9 propagated', 'canary propagated'],
      ],
      counts: { recalled: 1 },
    })
  })

  it('runs the canary where no recall source is, and wherever the recall is for another version', async () => {
    await order('u-1')
    const messages = await waiting()
    await waybill('recall', 'order-flow', '--to', 'control', '--up-to-version', '6')
    const canary = { ran: [['u-1', 'canary v7 propagated', 'canary propagated']], counts: {} }
    expect(await consume(messages, recallsNow())).toEqual(canary)
    await waybill('recall', 'order-flow', '--to', 'control')
    expect(await consume(messages)).toEqual(canary)
  })

  it('runs the canary again when it is delivered again after the recall was lifted', async () => {
    await order('u-1')
    const messages = await waiting()
    await waybill('recall', 'order-flow', '--to', 'control')
    expect(await consume(messages, recallsNow())).toMatchObject({
      ran: [['u-1', 'control v7 recalled', 'canary propagated']],
    })
    await waybill('recall', 'order-flow', '--lift')
    expect(await consume(messages, recallsNow())).toEqual({
      ran: [['u-1', 'canary v7 propagated', 'canary propagated']],
      counts: {},
    })
  })

  it('a consumer that may not read recalls runs on as decided, and counts it once', async () => {
    await order('u-1')
    const messages = await waiting()
    await waybill('recall', 'order-flow', '--to', 'control')
    const lines: string[] = []
    const options = { client: dynamodb, tableName: 'another', prefix, deadlineMs: 5000 }
    const recalls = dynamoDbRecallSource({ ...options, warn: (line) => lines.push(line) })
    expect(await consume(messages, recalls)).toEqual({
      ran: [['u-1', 'canary v7 propagated', 'canary propagated']],
      counts: { recalls_unavailable: 1 },
    })
    expect(lines).toEqual([expect.stringContaining('ResourceNotFoundException')])
  })
})
