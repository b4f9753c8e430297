import { readFileSync } from 'node:fs'
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { createWaybill, declareFlags, keyRing, sealToken, stampClient, withHonouredDecisions } from '@waybill/core'
import { type Engines, startEngines } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const FLAG = 'new-order-flow'
const flags = declareFlags({ [FLAG]: { variations: { control: false, canary: true }, default: 'control' } })
const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 3) } })

/** Runs in the scope of a request that was decided so. */
function decided<R>(variation: 'control' | 'canary', send: () => Promise<R>): Promise<R> {
  const decisions = [{ flag: FLAG, variation, value: variation === 'canary', version: 2 }]
  const { token } = sealToken(createWaybill({ decisions }), keys)
  return withHonouredDecisions(send, { flags, keys })({ _waybill: token })
}

const documented = readFileSync(new URL('../../../docs/carriers.md', import.meta.url), 'utf8')

/** A filter or a pattern as docs/carriers.md has it. */
function textOf(name: string): string {
  const [, text] = new RegExp(`\`\`\`json ${name}\\n([\\s\\S]*?)\`\`\``).exec(documented) ?? []
  if (text === undefined) throw new Error(`docs/carriers.md has no ${name}`)
  return text
}

let engines: Engines
let sqs: SQSClient

beforeAll(async () => {
  engines = await startEngines({ services: ['sqs-sns', 'eventbridge'] })
  for (const [name, value] of Object.entries(engines.env)) vi.stubEnv(name, value)
  sqs = new SQSClient({})
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

/** Everything that is in a queue once its last message, by its text, has come. */
async function receiveUntil(QueueUrl: string, last: string): Promise<readonly string[]> {
  const bodies: string[] = []
  await vi.waitUntil(
    async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      )
      bodies.push(...Messages.map(({ Body = '' }: Message) => Body))
      return bodies.some((body) => body.includes(last))
    },
    { timeout: 10_000 },
  )
  return bodies
}

describe('what was exposed, on engines', () => {
  it('is what an SNS filter policy sees: only the canary gets through', async () => {
    const sns = stampClient(new SNSClient({}), { expose: [FLAG] })
    const opaque = stampClient(new SNSClient({}))
    const { url, arn } = await newQueue('canary-only')
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'orders' }))
    const Attributes = { FilterPolicy: textOf('sns-filter-policy'), RawMessageDelivery: 'true' }
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn, Attributes }))
    const publish = (client: SNSClient, Message: string) => () => client.send(new PublishCommand({ TopicArn, Message }))
    await decided('control', publish(sns, 'control'))
    await decided('canary', publish(opaque, 'canary, not exposed'))
    await publish(sns, 'undecided')()
    await decided('canary', publish(sns, 'canary'))
    expect(await receiveUntil(url, 'canary')).toEqual(['canary'])
    sns.destroy()
    opaque.destroy()
  })

  it('leaves a filter policy on the own attributes of a message as it works: the token is binary', async () => {
    const sns = stampClient(new SNSClient({}))
    const { url, arn } = await newQueue('large-only')
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'sizes' }))
    const Attributes = { FilterPolicy: '{"size":["large"]}', RawMessageDelivery: 'true' }
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn, Attributes }))
    const publish = (size: string) => () =>
      sns.send(
        new PublishCommand({
          TopicArn,
          Message: size,
          MessageAttributes: { size: { DataType: 'String', StringValue: size } },
        }),
      )
    await decided('canary', publish('small'))
    await decided('canary', publish('large'))
    expect(await receiveUntil(url, 'large')).toEqual(['large'])
    sns.destroy()
  })

  it('is what an EventBridge rule sees', async () => {
    const events = stampClient(new EventBridgeClient({}), { to: ['orders'], expose: [FLAG] })
    const { url, arn } = await newQueue('canary-events')
    await events.send(new CreateEventBusCommand({ Name: 'orders' }))
    await events.send(
      new PutRuleCommand({ Name: 'canary', EventBusName: 'orders', EventPattern: textOf('eventbridge-pattern') }),
    )
    await events.send(
      new PutTargetsCommand({ Rule: 'canary', EventBusName: 'orders', Targets: [{ Id: 'q', Arn: arn }] }),
    )
    const put = (order: string) => () =>
      events.send(
        new PutEventsCommand({
          Entries: [{ EventBusName: 'orders', Source: 'shop', DetailType: 'order', Detail: JSON.stringify({ order }) }],
        }),
      )
    await decided('control', put('control-order'))
    await put('undecided-order')()
    await decided('canary', put('canary-order'))
    const bodies = await receiveUntil(url, 'canary-order')
    expect(bodies.map((body) => JSON.parse(body).detail.order)).toEqual(['canary-order'])
    events.destroy()
  })
})
