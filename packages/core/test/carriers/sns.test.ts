import { describe, expect, test } from 'vitest'
import { arrivals, extractTokens } from '../../src/carriers/arrivals.ts'
import type { Fields } from '../../src/carriers/carrier.ts'
import { snsInbound, snsOutgoing } from '../../src/carriers/sns.ts'
import { sqsInbound } from '../../src/carriers/sqs.ts'
import { openShipment } from '../../src/outgoing/commands.ts'
import type { InboundHarness, OutgoingHarness, Payload } from '../../src/testing/harness.ts'
import { UNNAMED } from '../../src/testing/open-request.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf, withRecord } from '../fixtures/events.ts'
import { attributesSize, withTenAttributes } from '../fixtures/message-attributes.ts'

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:order-accepted'
const base64 = (value: string | Uint8Array): string => Buffer.from(value as string).toString('base64')

/** Attributes as SNS writes them: `Type` and `Value`, binary ones in base64. */
function written(entry: Fields): Fields | undefined {
  const attributes = entry['MessageAttributes'] as Record<string, Record<string, unknown>> | undefined
  return (
    attributes &&
    Object.fromEntries(
      Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        { Type: DataType, Value: BinaryValue === undefined ? StringValue : base64(BinaryValue as Uint8Array) },
      ]),
    )
  )
}

/** Straight to a function. */
function toLambda(entry: Fields): Fields {
  return withRecord('sns', (record) => ({
    ...record,
    Sns: {
      ...(record['Sns'] as Fields),
      Subject: entry['Subject'] ?? null,
      Message: entry['Message'],
      MessageAttributes: written(entry) ?? {},
    },
  }))
}

/** To a queue without raw delivery: SNS's own JSON text, which writes no empty `MessageAttributes`. */
function toQueueEnveloped(entry: Fields): Fields {
  return withRecord('sns-sqs-enveloped', (record) => {
    const { Subject: _, ...envelope } = JSON.parse(record['body'] as string) as Fields
    const attributes = written(entry)
    const message = { ...envelope, Message: entry['Message'], ...(attributes && { MessageAttributes: attributes }) }
    return { ...record, body: JSON.stringify(message, null, 2).replaceAll('": ', '" : ') }
  })
}

/** To a queue with raw delivery: the attributes become the queue message's own. */
function toQueueRaw(entry: Fields): Fields {
  const attributes = (entry['MessageAttributes'] ?? {}) as Record<string, Record<string, unknown>>
  return withRecord('sns-sqs-raw', (record) => ({
    ...record,
    body: entry['Message'],
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        {
          ...(BinaryValue === undefined
            ? { stringValue: StringValue }
            : { binaryValue: base64(BinaryValue as Uint8Array) }),
          dataType: DataType,
        },
      ]),
    ),
  }))
}

const bodyOf = (event: unknown): string => (event as { Records: [{ body: string }] }).Records[0].body

const inAttribute: InboundHarness = {
  carrier: snsInbound,
  maxTokens: 2,
  // The second token is one that somebody put into the message by hand.
  deliver: ([token, byHand]) => ({
    event: toLambda({
      Message: byHand === undefined ? '{"orderId":"o-1"}' : `{"_waybill":"${byHand}","orderId":"o-1"}`,
      ...(token !== undefined && {
        MessageAttributes: { waybill: { DataType: 'Binary', BinaryValue: Buffer.from(token) } },
      }),
    }),
  }),
  damaged: () => ({
    event: toLambda({
      Message: '{"orderId":"o-1"}',
      MessageAttributes: { waybill: { DataType: 'Binary', BinaryValue: '' } },
    }),
  }),
}

const sole: OutgoingHarness = {
  carrier: snsOutgoing,
  receiver: snsInbound,
  command: 'PublishCommand',
  place: 'attribute',
  payloadKind: 'text',
  onlyJson: false,
  target: TOPIC,
  maxEntries: 1,
  // 256 KiB (262,144 bytes): https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
  maxBytes: 256 * 1024,
  request: ([payload]) => ({ TopicArn: TOPIC, Message: payload, Subject: 'accepted' }),
  payloadAt: (request) => request['Message'] as Payload,
  sizeOf: (request) =>
    Buffer.byteLength(request['Message'] as string) +
    Buffer.byteLength((request['Subject'] as string | undefined) ?? '') +
    attributesSize(request),
  deliver: (request) => [{ event: toLambda(request) }],
  received: (event) => (event as { Records: [{ Sns: { Message: string } }] }).Records[0].Sns.Message,
  withAttributes: withTenAttributes,
}

const entriesOf = (request: Fields): readonly Fields[] => request['PublishBatchRequestEntries'] as readonly Fields[]

describeContract('SNS to a function, one message', { inbound: inAttribute, outgoing: sole })
describeContract('SNS to a function, a batch', {
  outgoing: {
    ...sole,
    command: 'PublishBatchCommand',
    maxEntries: 10,
    maxRequestBytes: 256 * 1024,
    request: (payloads) => ({
      TopicArn: TOPIC,
      PublishBatchRequestEntries: payloads.map((payload, index) => ({ Id: String(index), Message: payload })),
    }),
    payloadAt: (request, index) => sole.payloadAt(entriesOf(request)[index] ?? {}, 0),
    sizeOf: (request, index) => sole.sizeOf(entriesOf(request)[index] ?? {}, 0),
    deliver: (request) => entriesOf(request).map((entry) => ({ event: toLambda(entry) })),
    withAttributes: (request, count) => ({
      ...request,
      PublishBatchRequestEntries: entriesOf(request).map((entry) => withTenAttributes(entry, count)),
    }),
  },
})
describeContract('SNS to a queue, raw', {
  outgoing: {
    ...sole,
    receiver: sqsInbound,
    deliver: (request) => [{ event: toQueueRaw(request) }],
    received: bodyOf,
  },
})
describeContract('SNS to a queue, in its envelope', {
  inbound: {
    carrier: sqsInbound,
    maxTokens: 2,
    deliver: ([token, byHand]) => ({
      event: toQueueEnveloped({
        Message: byHand === undefined ? '{"orderId":"o-1"}' : `{"orderId":"o-1","_waybill":"${byHand}"}`,
        ...(token !== undefined && {
          MessageAttributes: { waybill: { DataType: 'Binary', BinaryValue: Buffer.from(token) } },
        }),
      }),
    }),
    damaged: () => ({
      event: toQueueEnveloped({
        Message: '{"orderId":"o-1"}',
        MessageAttributes: { waybill: { DataType: 'Binary', StringValue: null } },
      }),
    }),
  },
  outgoing: {
    ...sole,
    receiver: sqsInbound,
    deliver: (request) => [{ event: toQueueEnveloped(request) }],
    received: (event) => (JSON.parse(bodyOf(event)) as { Message: string }).Message,
  },
})

describe('SNS', () => {
  test('is stamped with one Binary attribute, which filter policies pass over', () => {
    const shipment = openShipment('SNS', 'PublishCommand', sole.request(['x']), UNNAMED)
    expect(shipment?.write(['wb1.a'])['MessageAttributes']).toEqual({
      waybill: { DataType: 'Binary', BinaryValue: Buffer.from('wb1.a') },
    })
  })

  test.each(['PublishCommand', 'PublishBatchCommand'])('drops attributes of a message structure: %s', (command) => {
    const message = { Message: '{"default":"x"}', MessageStructure: 'json' }
    const request = { TopicArn: TOPIC, ...message, PublishBatchRequestEntries: [message] }
    expect(openShipment('SNS', command, request, UNNAMED)?.slots[0]?.problem).toBe('uncarried')
  })

  test('leaves phones and devices alone', () => {
    const endpoint = 'arn:aws:sns:eu-west-1:123456789012:endpoint/APNS/orders/5e3e9847-3183-3f18-a7e8-671c3a57d4b3'
    expect(openShipment('SNS', 'PublishCommand', { PhoneNumber: '+15550100', Message: 'x' }, UNNAMED)).toBeUndefined()
    expect(openShipment('SNS', 'PublishCommand', { TargetArn: endpoint, Message: 'x' }, UNNAMED)).toBeUndefined()
    expect(openShipment('SNS', 'PublishCommand', { TargetArn: TOPIC, Message: 'x' }, UNNAMED)?.slots).toHaveLength(1)
  })

  test('brings a function one message, which is no batch', () => {
    expect(arrivals(inAttribute.deliver(['wb1.a']).event)).toMatchObject({
      kind: 'single',
      carrier: 'sns',
      tokens: ['wb1.a'],
    })
  })

  test('in its envelope keeps every other byte, and its other attributes', () => {
    const attributes = { kind: { DataType: 'String', StringValue: 'é' } }
    const stamp = { waybill: { DataType: 'Binary', BinaryValue: Buffer.from('wb1.a') } }
    const bare = toQueueEnveloped({ Message: '"\\u00e9\n', MessageAttributes: attributes })
    for (const both of [
      { ...attributes, ...stamp },
      { ...stamp, ...attributes },
    ]) {
      const event = toQueueEnveloped({ Message: '"\\u00e9\n', MessageAttributes: both })
      expect(extractTokens(event)).toEqual(['wb1.a'])
      expect(bodyOf(arrivals(event).event).replaceAll(/\s/g, '')).toBe(bodyOf(bare).replaceAll(/\s/g, ''))
    }
  })

  test('around an EventBridge event in a queue is read, and cut where the token stands', () => {
    const bridge = (detail: string): Fields =>
      toQueueEnveloped({
        Message: JSON.stringify(eventOf('eventbridge')).replace('{"orderId":"o-1"}', detail),
      })
    const event = bridge('{"orderId":"o-1","text":"\\"\\u00e9\\\\","_waybill":"wb1.a"}')
    expect(extractTokens(event)).toEqual(['wb1.a'])
    expect(arrivals(event).event).toEqual(bridge('{"orderId":"o-1","text":"\\"\\u00e9\\\\"}'))
  })

  test('in an envelope that escapes what is not ASCII loses the token and no byte more', () => {
    const bare = '{"Type":"Notification","TopicArn":"t","Message":"{\\"a\\":\\"\\u00e9\\/\\u00e9\\"}"}'
    const body = bare.replace('\\"}"}', '\\",\\"_waybill\\":\\"wb1.a\\"}"}')
    const event = withRecord('sns-sqs-enveloped', (record) => ({ ...record, body }))
    expect(extractTokens(event)).toEqual(['wb1.a'])
    expect(bodyOf(arrivals(event).event)).toBe(bare)
  })

  test('is not mistaken in a text of the same look', () => {
    const body = '{"Type":"Notification","MessageAttributes":{"waybill":{"Type":"String","Value":"wb1.a"}}}'
    const event = withRecord('sqs', (record) => ({ ...record, body }))
    expect(arrivals(event)).toMatchObject({ kind: 'batch', event, tokensById: new Map() })
  })
})
