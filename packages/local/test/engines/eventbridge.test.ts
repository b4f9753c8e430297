import {
  EventBridgeClient,
  ListRulesCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Delivery, type EventBridge, startEventBridge } from '../../src/engines/eventbridge.ts'
import { startSqsSns } from '../../src/engines/sqs-sns.ts'
import { LOCAL_CLIENT } from './local-client.ts'

const NOW_MS = Date.parse('2026-03-04T05:06:07.890Z')
const closing: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Started {
  readonly engine: EventBridge
  readonly events: EventBridgeClient
  readonly invoked: { functionName: string; payload: unknown }[]
  readonly delivered: Delivery[]
}

async function start(sqsEndpoint?: string, failure?: Error, failures = Number.POSITIVE_INFINITY): Promise<Started> {
  const invoked: Started['invoked'] = []
  const delivered: Delivery[] = []
  const engine = await startEventBridge({
    ...(sqsEndpoint === undefined ? {} : { sqsEndpoint }),
    clock: () => NOW_MS,
    onDeliver: (delivery) => delivered.push(delivery),
    retryIntervalMs: 1,
    invokeLambda: async (functionName, payload) => {
      invoked.push({ functionName, payload })
      if (failure !== undefined && invoked.length <= failures) throw failure
    },
  })
  const events = new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint })
  closing.push(engine.close, () => events.destroy())
  return { engine, events, invoked, delivered }
}

const LOYALTY = 'arn:aws:lambda:us-east-1:000000000000:function:loyalty'

async function route(events: EventBridgeClient, pattern: object, Arn: string = LOYALTY): Promise<void> {
  await events.send(new PutRuleCommand({ Name: 'rule', EventPattern: JSON.stringify(pattern) }))
  await events.send(new PutTargetsCommand({ Rule: 'rule', Targets: [{ Id: 'target', Arn }] }))
}

const DETAIL = '{"orderId":"o-1","total":12,"extras":["cutlery","napkins"]}'

function accepted(changes: PutEventsRequestEntry = {}): PutEventsRequestEntry {
  return { Source: 'orders', DetailType: 'order_accepted', Detail: DETAIL, ...changes }
}

const put = (...Entries: PutEventsRequestEntry[]) => new PutEventsCommand({ Entries })

describe('EventBridge delivers', () => {
  test('the documented envelope to a function', async () => {
    const { engine, events, invoked } = await start()
    await route(events, { source: ['orders'] })
    const { Entries } = await events.send(put(accepted({ Resources: ['arn:aws:x'] })))
    await engine.idle()
    expect(invoked).toEqual([
      {
        functionName: LOYALTY,
        payload: {
          version: '0',
          id: Entries?.[0]?.EventId,
          'detail-type': 'order_accepted',
          source: 'orders',
          account: '000000000000',
          time: '2026-03-04T05:06:07Z',
          region: 'us-east-1',
          resources: ['arn:aws:x'],
          detail: JSON.parse(DETAIL),
        },
      },
    ])
  })

  test('the envelope to a queue, as the body of a message', async () => {
    const messaging = await startSqsSns()
    const sqs = new SQSClient({ ...LOCAL_CLIENT, endpoint: messaging.endpoint })
    closing.push(messaging.close, () => sqs.destroy())
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'loyalty' }))
    const { engine, events } = await start(messaging.endpoint)
    await route(events, { source: ['orders'] }, 'arn:aws:sqs:us-east-1:000000000000:loyalty')
    await events.send(put(accepted()))
    await engine.idle()
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }))
    expect(JSON.parse(Messages?.[0]?.Body ?? '')).toMatchObject({ source: 'orders', detail: { orderId: 'o-1' } })
  })

  test('at the time that the entry names', async () => {
    const { engine, events, delivered } = await start()
    await route(events, { source: ['orders'] })
    await events.send(put(accepted({ Time: new Date('2020-01-02T03:04:05Z') })))
    await engine.idle()
    expect(delivered[0]?.event.time).toBe('2020-01-02T03:04:05Z')
  })

  test('again to a target that failed, the same event, and reports one delivery', async () => {
    const { engine, events, delivered, invoked } = await start(undefined, new Error('loyalty is down'), 2)
    await route(events, { source: ['orders'] })
    await events.send(put(accepted()))
    await engine.idle()
    expect(invoked).toHaveLength(3)
    expect(new Set(invoked.map(({ payload }) => JSON.stringify(payload))).size).toBe(1)
    expect(delivered.map(({ error }) => error)).toEqual([undefined])
  })

  test('to the other targets when one fails, and reports the failure', async () => {
    const { engine, events, delivered } = await start(undefined, new Error('loyalty is down'))
    await route(events, { source: ['orders'] })
    await events.send(put(accepted()))
    await engine.idle()
    expect(delivered).toMatchObject([{ rule: 'rule', targetArn: LOYALTY, error: { message: 'loyalty is down' } }])
  })
})

describe('EventBridge matches', () => {
  const cases: [string, object, boolean][] = [
    ['a source', { source: ['orders', 'refunds'] }, true],
    ['another source', { source: ['refunds'] }, false],
    ['a detail type', { 'detail-type': ['order_accepted'] }, true],
    ['a source with another detail type', { source: ['orders'], 'detail-type': ['order_placed'] }, false],
    ['a value in the detail', { detail: { orderId: ['o-1'] } }, true],
    ['a number in the detail', { detail: { total: [12] } }, true],
    ['a number given as text', { detail: { total: ['12'] } }, false],
    ['a prefix', { detail: { orderId: [{ prefix: 'o-' }] } }, true],
    ['another prefix', { detail: { orderId: [{ prefix: 'x-' }] } }, false],
    ['an absent field', { detail: { coupon: [{ exists: false }] } }, true],
    ['anything but a value', { detail: { orderId: [{ 'anything-but': 'o-1' }] } }, false],
    ['one element of a list', { detail: { extras: ['napkins'] } }, true],
    ['no element of a list', { detail: { extras: ['ketchup'] } }, false],
    ['a field that the event does not have', { detail: { coupon: ['x'] } }, false],
  ]
  test.each(cases)('%s', async (_name, pattern, matches) => {
    const { engine, events, invoked } = await start()
    await route(events, pattern)
    await events.send(put(accepted()))
    await engine.idle()
    expect(invoked.length).toBe(matches ? 1 : 0)
  })

  test('nothing once the rule is disabled', async () => {
    const { engine, events, invoked } = await start()
    await route(events, { source: ['orders'] })
    await events.send(new PutRuleCommand({ Name: 'rule', EventPattern: '{"source":["orders"]}', State: 'DISABLED' }))
    await events.send(put(accepted()))
    await engine.idle()
    expect(invoked).toEqual([])
  })
})

describe('EventBridge refuses', () => {
  test('eleven entries', async () => {
    const { events } = await start()
    await expect(events.send(put(...Array(11).fill(accepted())))).rejects.toMatchObject({ name: 'ValidationException' })
  })

  test('a request of more than one megabyte, and takes one of exactly that', async () => {
    const { events } = await start()
    const frame = 'orders'.length + 'order_accepted'.length + '{"x":""}'.length
    const sized = (bytes: number) => accepted({ Detail: JSON.stringify({ x: 'x'.repeat(bytes - frame) }) })
    expect(await events.send(put(sized(1_048_576 / 2), sized(1_048_576 / 2)))).toMatchObject({ FailedEntryCount: 0 })
    const over = put(sized(1_048_576 / 2), sized(1_048_576 / 2 + 1))
    await expect(events.send(over)).rejects.toMatchObject({ name: 'ValidationException' })
  })

  test('single entries, and delivers their neighbours', async () => {
    const { engine, events, invoked } = await start()
    await route(events, { source: ['orders'] })
    const result = await events.send(
      put({ Source: 'orders', DetailType: 'x' }, accepted({ Detail: '{' }), accepted(), accepted({ Source: 'aws.s3' })),
    )
    await engine.idle()
    expect(result.FailedEntryCount).toBe(3)
    expect(result.Entries?.map((entry) => entry.ErrorCode)).toEqual([
      'InvalidArgument',
      'MalformedDetail',
      undefined,
      'NotAuthorizedForSourceException',
    ])
    expect(invoked).toHaveLength(1)
  })

  test('a pattern with an operator that it does not emulate, by name', async () => {
    const { events } = await start()
    await expect(route(events, { detail: { total: [{ numeric: ['>', 1] }] } })).rejects.toMatchObject({
      name: 'InvalidEventPatternException',
      message: expect.stringContaining('numeric'),
    })
  })

  test('a target that is neither a function nor a queue, by name', async () => {
    const { events } = await start()
    const topic = 'arn:aws:sns:us-east-1:000000000000:topic'
    await expect(route(events, { source: ['orders'] }, topic)).rejects.toThrow(topic)
  })

  test('an operation that it does not emulate, by name', async () => {
    const { events } = await start()
    await expect(events.send(new ListRulesCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('ListRules'),
    })
  })
})

test('EventBridge listens on loopback, and close waits for deliveries and refuses connections', async () => {
  let finished = false
  const engine = await startEventBridge({
    invokeLambda: async () => {
      // A function that is still busy when the endpoint has gone.
      await vi.waitFor(() => expect(fetch(engine.endpoint)).rejects.toThrow())
      finished = true
    },
  })
  const events = new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint })
  await route(events, { source: ['orders'] })
  await events.send(put(accepted()))
  await engine.close()
  expect(finished).toBe(true)
  expect(new URL(engine.endpoint).hostname).toBe('127.0.0.1')
  await expect(fetch(engine.endpoint)).rejects.toThrow()
  events.destroy()
})
