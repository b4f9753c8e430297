import { readFileSync } from 'node:fs'
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
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
import jsonata from 'jsonata'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const flags = declareFlags({ f: { variations: { control: false, canary: true }, default: 'control' } })
const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 3) } })
const waybill = createWaybill({ decisions: [{ flag: 'f', variation: 'canary', value: true, version: 2 }] })
const token = sealToken(waybill, keys).token as string
const inCanary = <R>(send: () => Promise<R>): Promise<R> =>
  withHonouredDecisions(send, { flags, keys })({ _waybill: token })

let engines: Engines
let stamped: SQSClient
/** As AWS's own services send: without any waybill. */
let plain: SQSClient
const ran: { readonly name: string; readonly flow: boolean; readonly event: unknown }[] = []

beforeAll(async () => {
  engines = await startEngines({
    services: ['sqs-sns', 'eventbridge', 'stepfunctions'],
    invokeLambda: async (arn, payload) => {
      const name = arn.split(':').at(-1) ?? ''
      const task = withHonouredDecisions(
        async (event: object) => void ran.push({ name, flow: flags.get('f'), event }),
        { flags, keys },
      )
      await task(payload as object)
      return { done: name }
    },
  })
  for (const [name, value] of Object.entries(engines.env)) vi.stubEnv(name, value)
  stamped = stampClient(new SQSClient({}))
  plain = new SQSClient({})
})
afterAll(async () => {
  stamped.destroy()
  plain.destroy()
  await engines.close()
  vi.unstubAllEnvs()
})

async function newQueue(QueueName: string, Attributes = {}): Promise<{ url: string; arn: string }> {
  const { QueueUrl: url = '' } = await plain.send(new CreateQueueCommand({ QueueName, Attributes }))
  const asked = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] })
  const found = await plain.send(asked)
  return { url, arn: found.Attributes?.['QueueArn'] ?? '' }
}

async function receiveOne(QueueUrl: string): Promise<Message> {
  return await vi.waitUntil(
    async () => {
      const { Messages = [] } = await plain.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] }),
      )
      return Messages[0]
    },
    { timeout: 10_000 },
  )
}

/** One message as the SQS event source hands it over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
async function consume({ MessageId, Body, MessageAttributes = {} }: Message): Promise<unknown> {
  const attributes = Object.entries(MessageAttributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    {
      dataType: DataType,
      ...(StringValue === undefined ? {} : { stringValue: StringValue }),
      ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    },
  ])
  const record = {
    eventSource: 'aws:sqs',
    messageId: MessageId,
    body: Body,
    messageAttributes: Object.fromEntries(attributes) as object,
  }
  const onRecord = withRecordScope(async (one: typeof record) => ({
    flow: flags.get('f'),
    clean: !JSON.stringify(one).includes('waybill'),
  }))
  const handler = (event: { Records: (typeof record)[] }) => Promise.all(event.Records.map((one) => onRecord(one)))
  const [result] = await withHonouredDecisions(handler, { flags, keys })({ Records: [record] })
  return result
}

const honoured = { flow: true, clean: true }

describe('a message that takes a longer way, on engines', () => {
  it('is honoured from a dead-letter queue, and again after a redrive', async () => {
    const dead = await newQueue('dead')
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 })
    const { url } = await newQueue('orders', { RedrivePolicy, VisibilityTimeout: '0' })
    await inCanary(() => stamped.send(new SendMessageCommand({ QueueUrl: url, MessageBody: '{"id":1}' })))
    await receiveOne(url)
    // Received once and not deleted: the next receive moves it.
    await plain.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 0 }))
    const letter = await receiveOne(dead.url)
    expect(await consume(letter)).toEqual(honoured)
    // A redrive moves messages with their attributes; the engine has none, so this does what it does.
    const { Body: MessageBody, MessageAttributes } = letter
    await plain.send(new SendMessageCommand({ QueueUrl: url, MessageBody, MessageAttributes }))
    expect(await consume(await receiveOne(url))).toEqual(honoured)
  })

  it.each(['true', 'false'])('is honoured from EventBridge over SNS to SQS, raw: %s', async (RawMessageDelivery) => {
    const bus = `bus-${RawMessageDelivery}`
    const between = await newQueue(`between-${RawMessageDelivery}`)
    const { url, arn } = await newQueue(`last-${RawMessageDelivery}`)
    const events = stampClient(new EventBridgeClient({}), { to: [bus] })
    const sns = new SNSClient({})
    await events.send(new CreateEventBusCommand({ Name: bus }))
    await events.send(new PutRuleCommand({ Name: 'all', EventBusName: bus, EventPattern: '{"source":["shop"]}' }))
    await events.send(
      new PutTargetsCommand({ Rule: 'all', EventBusName: bus, Targets: [{ Id: 'q', Arn: between.arn }] }),
    )
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: bus }))
    await sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn, Attributes: { RawMessageDelivery } }),
    )
    const entry = { EventBusName: bus, Source: 'shop', DetailType: 'order', Detail: '{"id":1}' }
    await inCanary(() => events.send(new PutEventsCommand({ Entries: [entry] })))
    // A topic as a rule's target gets what a queue gets: the event, as text. The stand-in delivers to queues only.
    const { Body: Message } = await receiveOne(between.url)
    await sns.send(new PublishCommand({ TopicArn, Message }))
    expect(await consume(await receiveOne(url))).toEqual(honoured)
    events.destroy()
    sns.destroy()
  })

  it.each([
    ['Success', { answered: true }],
    ['RetriesExhausted', { errorType: 'Error', errorMessage: 'no such order' }],
  ])('is honoured by the destination of an asynchronous invocation: %s', async (condition, responsePayload) => {
    const { url } = await newQueue(`destination-${condition}`)
    // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    const result = {
      version: '1.0',
      requestContext: { requestId: 'r-1', functionArn: 'arn:aws:lambda:x:1:function:f:1', condition },
      requestPayload: { id: 1, _waybill: token },
      responseContext: { statusCode: 200, executedVersion: '1' },
      responsePayload,
    }
    await plain.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(result) }))
    expect(await consume(await receiveOne(url))).toEqual(honoured)
  })
})

const documented = readFileSync(new URL('../../../docs/carriers.md', import.meta.url), 'utf8')

/** The lines of a definition as docs/carriers.md has them. */
function linesOf(name: string): string {
  const [, lines] = new RegExp(`\`\`\`\\w+ ${name}\\n([\\s\\S]*?)\`\`\``).exec(documented) ?? []
  if (lines === undefined) throw new Error(`docs/carriers.md has no ${name}`)
  return lines
}
const jsonOf = (name: string): object => JSON.parse(linesOf(name)) as object

describe('a state machine of two tasks', () => {
  const functionOf = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`
  const task = (name: string, more: object = {}): object => ({ Type: 'Task', Resource: functionOf(name), ...more })
  const invoke = (name: string, more: object = {}): object => ({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: functionOf(name), 'Payload.$': '$' },
    ...more,
  })

  /** Runs a machine of these two states; answers what each task ran. */
  async function run(name: string, one: object, two: object, isStamped = true): Promise<readonly unknown[]> {
    ran.length = 0
    const sfn = stampClient(new SFNClient({}), { to: isStamped ? [name] : [] })
    const definition = { StartAt: 'one', States: { one: { ...one, Next: 'two' }, two: { ...two, End: true } } }
    const created = new CreateStateMachineCommand({
      name,
      definition: JSON.stringify(definition),
      roleArn: 'arn:aws:iam::000000000000:role/r',
    })
    const { stateMachineArn } = await sfn.send(created)
    const start = new StartExecutionCommand({ stateMachineArn, input: '{"id":1}' })
    const { executionArn } = await inCanary(() => sfn.send(start))
    const status = await vi.waitUntil(
      async () => {
        const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }))
        return execution.status === 'RUNNING' ? undefined : execution.status
      },
      { timeout: 10_000 },
    )
    sfn.destroy()
    return [...ran.map(({ name: which, flow }) => [which, flow]), status]
  }

  const both = [['price', true], ['ship', true], 'SUCCEEDED']

  it('loses the token where the first result replaces the state', async () => {
    const lost = [['price', true], ['ship', false], 'SUCCEEDED']
    expect(await run('replaced', task('price'), task('ship'))).toEqual(lost)
  })

  it('keeps it with the documented ResultPath, and runs without a stamp', async () => {
    const one = task('price', jsonOf('step-functions-result-path'))
    expect(await run('beside', one, task('ship'))).toEqual(both)
    expect(ran[1]?.event).toEqual({ id: 1, quote: { done: 'price' } })
    expect(await run('beside-unstamped', one, task('ship'), false)).toEqual([
      ['price', false],
      ['ship', false],
      'SUCCEEDED',
    ])
  })

  it('keeps it with the documented lines for lambda:invoke', async () => {
    const one = invoke('price', jsonOf('step-functions-lambda-invoke'))
    expect(await run('invoked', one, invoke('ship'))).toEqual(both)
  })

  it('takes it from the input of the execution, which fails without a stamp', async () => {
    const two = task('ship', jsonOf('step-functions-execution-input'))
    expect(await run('execution', task('price'), two)).toEqual(both)
    expect(ran[1]?.event).toEqual({ order: { done: 'price' } })
    expect(await run('execution-unstamped', task('price'), two, false)).toEqual([['price', false], 'FAILED'])
  })

  it('hands it on to the items of a Map', async () => {
    const map = {
      Type: 'Map',
      ItemsPath: '$.lines',
      ItemProcessor: { StartAt: 'item', States: { item: task('item', { End: true }) } },
      ...jsonOf('step-functions-map'),
    }
    const lines = { Type: 'Pass', Result: ['a', 'b'], ResultPath: '$.lines' }
    expect(await run('mapped', lines, map)).toEqual([['item', true], ['item', true], 'SUCCEEDED'])
    expect(ran.map(({ event }) => event)).toEqual([{ item: 'a' }, { item: 'b' }])
  })

  it('keeps it with the documented JSONata, by the jsonata library, with and without a stamp', async () => {
    const [, expression = ''] = /^\{% (.*) %\}$/.exec(linesOf('step-functions-jsonata').trim()) ?? []
    const evaluate = async (input: object): Promise<object> => {
      const states = { input: { done: 'price' }, context: { Execution: { Input: input } } }
      return (await jsonata(expression).evaluate(undefined, { states })) as object
    }
    expect({ ...(await evaluate({ id: 1, _waybill: token })) }).toEqual({ done: 'price', _waybill: token })
    expect({ ...(await evaluate({ id: 1 })) }).toEqual({ done: 'price' })
  })
})
