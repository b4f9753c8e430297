import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import { CreateStateMachineCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { CreateTopicCommand, PublishBatchCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import {
  createWaybill,
  declareFlags,
  keyRing,
  sealToken,
  stampClient,
  withHonouredDecisions,
  withRecordScope,
} from '@waybill/core'
import { type Engines, startEngines } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const flags = declareFlags({ f: { variations: { control: false, canary: true }, default: 'control' } })
const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 3) } })
const waybill = createWaybill({ decisions: [{ flag: 'f', variation: 'canary', value: true, version: 2 }] })
const token = sealToken(waybill, keys).token as string
/** Runs in the scope of an invocation that the canary's token came with. */
const inCanary = <R>(send: () => Promise<R>): Promise<R> =>
  withHonouredDecisions(send, { flags, keys })({ _waybill: token })

let engines: Engines
let sqs: SQSClient
const tasks: unknown[] = []

beforeAll(async () => {
  engines = await startEngines({
    services: ['sqs-sns', 'eventbridge', 'stepfunctions'],
    invokeLambda: async (_name, payload) => {
      const task = withHonouredDecisions(async (event: object) => ({ ...event, ran: flags.get('f') }), { flags, keys })
      const result = await task(payload as object)
      tasks.push(result)
      return result
    },
  })
  for (const [name, value] of Object.entries(engines.env)) vi.stubEnv(name, value)
  sqs = stampClient(new SQSClient({}))
})
afterAll(async () => {
  sqs.destroy()
  await engines.close()
  vi.unstubAllEnvs()
})

async function newQueue(QueueName: string): Promise<{ url: string; arn: string }> {
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName }))
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }))
  return { url, arn: Attributes?.['QueueArn'] ?? '' }
}

async function receive(url: string, count: number): Promise<readonly Message[]> {
  const messages: Message[] = []
  await vi.waitUntil(async () => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
        MessageAttributeNames: ['All'],
      }),
    )
    messages.push(...Messages)
    return messages.length >= count
  }, 10_000)
  return messages
}

/** As the SQS event source hands them over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
async function consume(messages: readonly Message[]): Promise<readonly unknown[]> {
  const Records = messages.map(({ MessageId, Body, MessageAttributes = {} }) => ({
    eventSource: 'aws:sqs',
    messageId: MessageId,
    body: Body,
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        {
          dataType: DataType,
          ...(StringValue === undefined ? {} : { stringValue: StringValue }),
          ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
        },
      ]),
    ),
  }))
  const onRecord = withRecordScope((record: { body: string; messageAttributes: object }) => ({
    ran: flags.get('f'),
    clean: !record.body.includes('_waybill') && !('waybill' in record.messageAttributes),
  }))
  return await withHonouredDecisions(
    (event: { Records: { body: string; messageAttributes: object }[] }) =>
      Promise.all(event.Records.map((one) => onRecord(one))),
    { flags, keys },
  )({ Records: Records as never })
}

const honoured = { ran: true, clean: true }

describe('through real clients and engines', () => {
  it('SQS, a batch', async () => {
    const { url } = await newQueue('direct')
    const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }))
    await inCanary(() => sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })))
    expect(await consume(await receive(url, 2))).toEqual([honoured, honoured])
  })

  it.each([
    ['raw', 'true'],
    ['in its envelope', 'false'],
  ])('SNS to SQS, %s', async (name, RawMessageDelivery) => {
    const { url, arn } = await newQueue(`from-sns-${RawMessageDelivery}`)
    const sns = stampClient(new SNSClient({}))
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `topic-${RawMessageDelivery}` }))
    await sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn, Attributes: { RawMessageDelivery } }),
    )
    await inCanary(() =>
      sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [{ Id: '1', Message: name }] })),
    )
    expect(await consume(await receive(url, 1))).toEqual([honoured])
    sns.destroy()
  })

  it('EventBridge to SQS', async () => {
    const { url, arn } = await newQueue('from-events')
    const events = stampClient(new EventBridgeClient({}), { to: ['orders'] })
    await events.send(new CreateEventBusCommand({ Name: 'orders' }))
    await events.send(new PutRuleCommand({ Name: 'all', EventBusName: 'orders', EventPattern: '{"source":["shop"]}' }))
    await events.send(new PutTargetsCommand({ Rule: 'all', EventBusName: 'orders', Targets: [{ Id: 'q', Arn: arn }] }))
    const entry = { EventBusName: 'orders', Source: 'shop', DetailType: 'order', Detail: '{"id":1}' }
    await inCanary(() => events.send(new PutEventsCommand({ Entries: [entry] })))
    expect(await consume(await receive(url, 1))).toEqual([honoured])
    events.destroy()
  })

  it('Step Functions, into the first task', async () => {
    const sfn = stampClient(new SFNClient({}), { to: ['orders'] })
    const definition = {
      StartAt: 'one',
      States: { one: { Type: 'Task', Resource: 'arn:aws:lambda:us-east-1:000000000000:function:task', End: true } },
    }
    const { stateMachineArn } = await sfn.send(
      new CreateStateMachineCommand({
        name: 'orders',
        definition: JSON.stringify(definition),
        roleArn: 'arn:aws:iam::000000000000:role/r',
      }),
    )
    await inCanary(() => sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{"id":1}' })))
    await vi.waitUntil(() => tasks.length > 0, 5000)
    expect(tasks).toEqual([{ id: 1, ran: true }])
    sfn.destroy()
  })
})
