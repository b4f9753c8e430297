import { describe, expect, test } from 'vitest'
import type { Fields } from '../../src/carriers/carrier.ts'
import { eventbridgeInbound, eventbridgeOutgoing } from '../../src/carriers/eventbridge.ts'
import { sqsInbound } from '../../src/carriers/sqs.ts'
import { openShipment } from '../../src/outgoing/commands.ts'
import type { OutgoingHarness, Payload } from '../../src/testing/harness.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf, withRecord } from '../fixtures/events.ts'

const BUS = 'orders'

/** The event that a rule hands on: `Detail` as it was written, amid fields of EventBridge's own. */
function eventText(entry: Fields): string {
  const { detail: _, ...rest } = eventOf('eventbridge')
  return `${JSON.stringify(rest).slice(0, -1)},"detail":${entry['Detail']}}`
}

const entriesOf = (request: Fields): readonly Fields[] => request['Entries'] as readonly Fields[]

const outgoing: OutgoingHarness = {
  carrier: eventbridgeOutgoing,
  receiver: eventbridgeInbound,
  command: 'PutEventsCommand',
  place: 'body',
  payloadKind: 'text',
  onlyJson: true,
  target: BUS,
  maxEntries: 10,
  // "The total entry size must be less than 1 MB":
  // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
  maxBytes: 1024 * 1024 - 1,
  maxRequestBytes: 1024 * 1024 - 1,
  request: (payloads) => ({
    Entries: payloads.map((payload) => ({
      EventBusName: BUS,
      Source: 'orders-é',
      DetailType: 'order_accepted',
      Time: 1_760_000_000,
      Resources: ['arn:aws:lambda:eu-west-1:123456789012:function:accept-order', 'é'],
      Detail: payload,
    })),
  }),
  payloadAt: (request, index) => entriesOf(request)[index]?.['Detail'] as Payload,
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
  sizeOf: (request, index) => {
    const { Source, DetailType, Detail, Resources } = entriesOf(request)[index] ?? {}
    const texts = [Source, DetailType, Detail, ...((Resources ?? []) as unknown[])] as string[]
    return 14 + texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  },
  deliver: (request) => entriesOf(request).map((entry) => ({ event: JSON.parse(eventText(entry)) as unknown })),
  received: (event) => ({ parsed: (event as Fields)['detail'] }),
}

const withDetail = (detail: Fields): Fields => ({ ...eventOf('eventbridge'), detail: { orderId: 'o-1', ...detail } })

describeContract('EventBridge to a function', {
  inbound: {
    carrier: eventbridgeInbound,
    maxTokens: 1,
    deliver: ([token]) => ({ event: withDetail(token === undefined ? {} : { _waybill: token }) }),
    damaged: () => ({ event: withDetail({ _waybill: { not: 'a text' } }) }),
  },
  outgoing,
})

const bodyOf = (event: unknown): string => (event as { Records: [{ body: string }] }).Records[0].body

describeContract('EventBridge to a queue', {
  inbound: {
    carrier: sqsInbound,
    maxTokens: 2,
    deliver: (tokens) => ({
      event: withRecord('eventbridge-sqs', (record) => ({
        ...record,
        body: eventText({
          Detail: `{${['"orderId":"o-1"', ...tokens.map((token) => `"_waybill":"${token}"`)].join(',')}}`,
        }),
      })),
    }),
    damaged: () => ({
      event: withRecord('eventbridge-sqs', (record) => ({
        ...record,
        body: eventText({ Detail: '{"orderId":"o-1","_waybill":null}' }),
      })),
    }),
  },
  outgoing: {
    ...outgoing,
    receiver: sqsInbound,
    deliver: (request) =>
      entriesOf(request).map((entry) => ({
        event: withRecord('eventbridge-sqs', (record) => ({ ...record, body: eventText(entry) })),
      })),
    // As text, so that every byte of `Detail` is compared.
    received: (event) => {
      const body = bodyOf(event)
      return body.slice(body.indexOf('"detail":') + '"detail":'.length, -1)
    },
  },
})

describe('EventBridge', () => {
  test('names the default bus where an entry names none', () => {
    const asked: unknown[] = []
    const policy = {
      namedExecutions: false,
      namedTransactions: false,
      isNamed: (target: unknown) => {
        asked.push(target)
        return true
      },
    }
    const entries = [{ Detail: '{}' }, { Detail: '{}', EventBusName: 'orders' }]
    openShipment('EventBridge', 'PutEventsCommand', { Entries: entries }, policy)
    expect(asked).toEqual(['default', 'orders'])
  })

  test('stamps the entries for named buses, and leaves the others in the same request', () => {
    const policy = {
      namedExecutions: false,
      namedTransactions: false,
      isNamed: (target: unknown) => target === 'orders',
    }
    const theirs = { Detail: '{"a":1}', EventBusName: 'vendor' }
    const request = { Entries: [theirs, { Detail: '{"a":1}', EventBusName: 'orders' }] }
    const shipment = openShipment('EventBridge', 'PutEventsCommand', request, policy)
    expect(shipment?.slots.map(({ problem }) => problem)).toEqual(['not_targeted', undefined])
    expect(shipment?.write([undefined, 'wb1.a'])).toEqual({
      Entries: [theirs, { Detail: '{"a":1,"_waybill":"wb1.a"}', EventBusName: 'orders' }],
    })
  })
})
