import { describe, expect, test } from 'vitest'
import { arrivals, extractTokens } from '../../src/carriers/arrivals.ts'
import type { Fields, InboundCarrier } from '../../src/carriers/carrier.ts'
import { eventbridgeInbound } from '../../src/carriers/eventbridge.ts'
import { lambdaDestinationInbound } from '../../src/carriers/lambda-destination.ts'
import { snsInbound } from '../../src/carriers/sns.ts'
import { sqsInbound } from '../../src/carriers/sqs.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf, withRecord } from '../fixtures/events.ts'

const stampOf = (token: unknown): Fields => (token === undefined ? {} : { _waybill: token })

/** Each kind of event by which a function is invoked asynchronously, with a token in it. */
const REQUESTS: Readonly<Record<string, (token: unknown) => Fields>> = {
  'a payload': (token) => ({ orderId: 'o-1', ...stampOf(token) }),
  'an event of EventBridge': (token) => ({
    ...eventOf('eventbridge'),
    detail: { orderId: 'o-1', ...stampOf(token) },
  }),
  'a notification of SNS': (token) =>
    withRecord('sns', (record) => ({
      ...record,
      Sns: {
        ...(record['Sns'] as Fields),
        MessageAttributes:
          token === undefined
            ? {}
            : { waybill: { Type: 'Binary', Value: Buffer.from(String(token)).toString('base64') } },
      },
    })),
}

const resultOf = (kind: 'success' | 'failure', request: Fields, response: Fields = {}): Fields => {
  const result = eventOf(`lambda-destination-${kind}`)
  return {
    ...result,
    requestPayload: request,
    responsePayload: { ...(result['responsePayload'] as Fields), ...response },
  }
}

const inQueue = (body: unknown): Fields => withRecord('sqs', (record) => ({ ...record, body: JSON.stringify(body) }))

/** Each way in which a destination is told, and the carrier that it is told by. */
const DESTINATIONS: Readonly<Record<string, readonly [InboundCarrier, (result: Fields) => Fields]>> = {
  'a function': [lambdaDestinationInbound, (result) => result],
  'a queue': [sqsInbound, inQueue],
  'a topic': [
    snsInbound,
    (result) =>
      withRecord('sns', (record) => ({
        ...record,
        Sns: { ...(record['Sns'] as Fields), Message: JSON.stringify(result) },
      })),
  ],
  'an event bus': [
    eventbridgeInbound,
    (result) => ({
      ...eventOf('eventbridge'),
      source: 'lambda',
      'detail-type': 'Lambda Function Invocation Result - Failure',
      detail: result,
    }),
  ],
}

for (const [to, [carrier, deliver]] of Object.entries(DESTINATIONS)) {
  for (const kind of ['success', 'failure'] as const) {
    for (const [what, request] of Object.entries(REQUESTS)) {
      describeContract(`A destination, ${to}, told of a ${kind} with ${what}`, {
        inbound: {
          carrier,
          maxTokens: 1,
          deliver: ([token]) => ({ event: deliver(resultOf(kind, request(token))) }),
        },
      })
    }
    describeContract(`A destination, ${to}, told of a ${kind} with a damaged stamp`, {
      inbound: {
        carrier,
        maxTokens: 1,
        deliver: ([token]) => ({ event: deliver(resultOf(kind, { orderId: 'o-1', ...stampOf(token) })) }),
        damaged: () => ({ event: deliver(resultOf(kind, { orderId: 'o-1', _waybill: null })) }),
      },
    })
  }

  test(`A destination, ${to}, believes what the function answered before what it was asked with, and strips both`, () => {
    const event = deliver(resultOf('success', { orderId: 'o-1', _waybill: 'wb1.a' }, { _waybill: 'wb1.b' }))
    expect(extractTokens(event)).toEqual(['wb1.b'])
    expect(arrivals(event).event).toEqual(deliver(resultOf('success', { orderId: 'o-1' })))
    const answered = deliver(resultOf('success', { orderId: 'o-1' }, { _waybill: 'wb1.b' }))
    expect(extractTokens(answered)).toEqual(['wb1.b'])
  })
}

for (const [what, request] of Object.entries(REQUESTS)) {
  const deadLetter = (body: Fields): Fields =>
    withRecord('lambda-dead-letter', (record) => ({ ...record, body: JSON.stringify(body) }))
  describeContract(`A dead-letter queue of a function, with ${what}`, {
    inbound: { carrier: sqsInbound, maxTokens: 1, deliver: ([token]) => ({ event: deadLetter(request(token)) }) },
  })
}

describe('A destination', () => {
  test('that is told of a result is told apart from the events around it', () => {
    expect(arrivals(eventOf('lambda-destination-success')).carrier).toBe('lambda-destination')
    expect(arrivals({ requestPayload: {} }).carrier).toBeUndefined()
    expect(arrivals({ requestPayload: {}, requestContext: { http: {} } }).carrier).toBe('http')
  })

  test('of an event source is told of a batch, not of records: nothing is there to honour', () => {
    // https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    const told = { KinesisBatchInfo: { shardId: 'shardId-0', batchSize: 1 }, requestContext: { condition: 'x' } }
    expect(arrivals(inQueue(told))).toMatchObject({ event: inQueue(told), tokensById: new Map() })
  })

  test('is searched no deeper than envelopes go', () => {
    const within = (depth: number): Fields => {
      const inner = depth === 0 ? { _waybill: 'wb1.a' } : within(depth - 1)
      return { 'detail-type': 'x', detail: inner }
    }
    for (const event of [within(3), inQueue(within(3))]) expect(extractTokens(event)).toEqual(['wb1.a'])
    for (const event of [within(4), inQueue(within(4))]) {
      expect(extractTokens(event)).toEqual([])
      expect(arrivals(event).event).toEqual(event)
    }
    let endless: Fields = {}
    for (let depth = 0; depth < 100_000; depth += 1) endless = { 'detail-type': 'x', detail: endless }
    expect(extractTokens(endless)).toEqual([])
  })
})
