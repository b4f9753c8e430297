import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterEach, describe, expect, test } from 'vitest'
import { type SqsSns, startSqsSns } from '../../src/engines/sqs-sns.ts'
import { LOCAL_CLIENT } from './local-client.ts'

const started: SqsSns[] = []
const clients: { destroy(): void }[] = []

async function start(dataDir?: string): Promise<{ engine: SqsSns; sqs: SQSClient; sns: SNSClient }> {
  const engine = await startSqsSns(dataDir === undefined ? {} : { dataDir })
  const sqs = new SQSClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint })
  const sns = new SNSClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint })
  started.push(engine)
  clients.push(sqs, sns)
  return { engine, sqs, sns }
}

async function createQueue(sqs: SQSClient, name: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }))
  return String(QueueUrl)
}

async function subscribedQueue(sqs: SQSClient, sns: SNSClient, name: string, raw: boolean): Promise<string> {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'order-accepted' }))
  const Attributes = { RawMessageDelivery: String(raw) }
  const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${name}`
  const url = await createQueue(sqs, name)
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }))
  return url
}

async function receive(sqs: SQSClient, QueueUrl: string): Promise<Message[]> {
  const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] })
  return (await sqs.send(command)).Messages ?? []
}

const TOPIC = 'arn:aws:sns:us-east-1:000000000000:order-accepted'
const bodies = (messages: Message[]) => messages.map((message) => message.Body)
const attributes = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`a${index}`, { DataType: 'String', StringValue: 'x' }]),
  )

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  for (const engine of started.splice(0)) await engine.close()
})

describe('SQS', () => {
  test('delivers a message of ten attributes', async () => {
    const { sqs } = await start()
    const QueueUrl = await createQueue(sqs, 'orders')
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'order', MessageAttributes: attributes(10) }))
    const [message] = await receive(sqs, QueueUrl)
    expect(message?.Body).toBe('order')
    expect(Object.keys(message?.MessageAttributes ?? {})).toHaveLength(10)
  })

  test('refuses eleven attributes by the code and in the words of SQS', async () => {
    const { sqs } = await start()
    const QueueUrl = await createQueue(sqs, 'orders')
    const send = new SendMessageCommand({ QueueUrl, MessageBody: 'order', MessageAttributes: attributes(11) })
    await expect(sqs.send(send)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: 'Number of message attributes [11] exceeds the allowed maximum [10].',
    })
    expect(await receive(sqs, QueueUrl)).toEqual([])
  })

  test('fails only the overfull entries of a batch', async () => {
    const { sqs } = await start()
    const QueueUrl = await createQueue(sqs, 'orders')
    const Entries = [
      { Id: 'a', MessageBody: 'fits', MessageAttributes: attributes(10) },
      { Id: 'b', MessageBody: 'overfull', MessageAttributes: attributes(11) },
    ]
    const result = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    expect(result.Successful?.map((entry) => entry.Id)).toEqual(['a'])
    expect(result.Failed).toMatchObject([{ Id: 'b', Code: 'InvalidParameterValue', SenderFault: true }])
    expect(bodies(await receive(sqs, QueueUrl))).toEqual(['fits'])
  })

  test('fails a batch whose entries are all overfull, entry by entry', async () => {
    const { sqs } = await start()
    const QueueUrl = await createQueue(sqs, 'orders')
    const Entries = [{ Id: 'b', MessageBody: 'overfull', MessageAttributes: attributes(11) }]
    const result = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    expect(result.Failed).toMatchObject([{ Id: 'b', Code: 'InvalidParameterValue' }])
  })

  test('names queues by a loopback URL', async () => {
    const { engine, sqs } = await start()
    const created = await createQueue(sqs, 'orders')
    const { QueueUrl: found } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'orders' }))
    expect(created).toBe(`${engine.endpoint}/000000000000/orders`)
    expect(found).toBe(created)
  })

  test('leaves a queue URL inside a message as it was sent', async () => {
    const { sqs } = await start()
    const QueueUrl = await createQueue(sqs, 'orders')
    const MessageBody = 'http://example.com/000000000000/orders'
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    expect(bodies(await receive(sqs, QueueUrl))).toEqual([MessageBody])
  })

  test('refuses a message that is longer than its queue takes', async () => {
    const { sqs } = await start()
    const Attributes = { MaximumMessageSize: '1024' }
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'small', Attributes }))
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x'.repeat(1024) }))
    await expect(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x'.repeat(1025) }))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    })
  })

  test('delivers every character that SQS allows, and refuses the others', async () => {
    const { sqs } = await start()
    const QueueUrl = await createQueue(sqs, 'orders')
    const MessageBody = 'pizza \u{1F355}, caf\u00e9'
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    expect(bodies(await receive(sqs, QueueUrl))).toEqual([MessageBody])
    await expect(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '\u0007' }))).rejects.toMatchObject({
      name: 'InvalidMessageContents',
    })
  })

  test('keeps messages in the data directory, under the new port', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'waybill-sqs-'))
    try {
      const first = await start(dataDir)
      const QueueUrl = await createQueue(first.sqs, 'orders')
      await first.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }))
      await first.engine.close()
      const second = await start(dataDir)
      const { QueueUrl: found } = await second.sqs.send(new GetQueueUrlCommand({ QueueName: 'orders' }))
      expect(found).toBe(`${second.engine.endpoint}/000000000000/orders`)
      expect(bodies(await receive(second.sqs, String(found)))).toEqual(['kept'])
      await second.engine.close()
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})

describe('SNS to SQS', () => {
  test('delivers raw: the body as published, the attributes as attributes', async () => {
    const { sqs, sns } = await start()
    const url = await subscribedQueue(sqs, sns, 'raw', true)
    const MessageAttributes = { waybill: { DataType: 'Binary', BinaryValue: Buffer.from('token') } }
    await sns.send(new PublishCommand({ TopicArn: TOPIC, Message: '{"order":1}', MessageAttributes }))
    const [message] = await receive(sqs, url)
    expect(message?.Body).toBe('{"order":1}')
    expect(Buffer.from(message?.MessageAttributes?.['waybill']?.BinaryValue ?? []).toString()).toBe('token')
  })

  test('delivers enveloped: the attributes inside the notification', async () => {
    const { sqs, sns } = await start()
    const url = await subscribedQueue(sqs, sns, 'enveloped', false)
    const MessageAttributes = { waybill: { DataType: 'Binary', BinaryValue: Buffer.from('token') } }
    await sns.send(new PublishCommand({ TopicArn: TOPIC, Message: '{"order":1}', MessageAttributes }))
    const [message] = await receive(sqs, url)
    expect(message?.MessageAttributes).toBeUndefined()
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      Type: 'Notification',
      Message: '{"order":1}',
      MessageAttributes: { waybill: { Type: 'Binary', Value: Buffer.from('token').toString('base64') } },
    })
  })

  test('fans out to every subscribed queue, single and batch', async () => {
    const { sqs, sns } = await start()
    const one = await subscribedQueue(sqs, sns, 'one', true)
    const two = await subscribedQueue(sqs, sns, 'two', true)
    await sns.send(new PublishCommand({ TopicArn: TOPIC, Message: 'single' }))
    const PublishBatchRequestEntries = [{ Id: 'a', Message: 'in a batch' }]
    await sns.send(new PublishBatchCommand({ TopicArn: TOPIC, PublishBatchRequestEntries }))
    expect(bodies(await receive(sqs, one)).sort()).toEqual(['in a batch', 'single'])
    expect(bodies(await receive(sqs, two)).sort()).toEqual(['in a batch', 'single'])
  })

  test('discards a raw message of more than ten attributes and delivers it enveloped', async () => {
    const { sqs, sns } = await start()
    const raw = await subscribedQueue(sqs, sns, 'raw', true)
    const enveloped = await subscribedQueue(sqs, sns, 'enveloped', false)
    const publish = (count: number, Message: string) =>
      sns.send(new PublishCommand({ TopicArn: TOPIC, Message, MessageAttributes: attributes(count) }))
    await publish(11, 'eleven')
    await publish(10, 'ten')
    expect(bodies(await receive(sqs, raw))).toEqual(['ten'])
    expect(await receive(sqs, enveloped)).toHaveLength(2)
  })

  test('refuses a batch longer than 256 KiB in total', async () => {
    const { sns } = await start()
    await sns.send(new CreateTopicCommand({ Name: 'order-accepted' }))
    const PublishBatchRequestEntries = ['a', 'b'].map((Id) => ({ Id, Message: 'x'.repeat(131_073) }))
    const publish = new PublishBatchCommand({ TopicArn: TOPIC, PublishBatchRequestEntries })
    await expect(sns.send(publish)).rejects.toMatchObject({ name: 'BatchRequestTooLongException' })
  })
})

test('the engine listens on loopback and refuses connections once closed', async () => {
  const { engine, sqs } = await start()
  await createQueue(sqs, 'orders')
  expect(new URL(engine.endpoint).hostname).toBe('127.0.0.1')
  await engine.close()
  await expect(fetch(engine.endpoint)).rejects.toThrow()
})
