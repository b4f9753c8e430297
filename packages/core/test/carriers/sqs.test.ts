import { describe, expect, test } from 'vitest'
import { arrivals, extractTokens } from '../../src/carriers/arrivals.ts'
import type { Fields } from '../../src/carriers/carrier.ts'
import { sqsInbound, sqsOutgoing } from '../../src/carriers/sqs.ts'
import { openShipment } from '../../src/outgoing/commands.ts'
import type { InboundHarness, OutgoingHarness, Payload } from '../../src/testing/harness.ts'
import { UNNAMED } from '../../src/testing/open-request.ts'
import { describeContract } from '../fixtures/contract.ts'
import { withRecord } from '../fixtures/events.ts'
import { attributesSize, withTenAttributes } from '../fixtures/message-attributes.ts'

const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'

/** A message as SQS hands it to Lambda. */
export function delivered(entry: Fields): Fields {
  return withRecord('sqs', (record) => ({
    ...record,
    body: entry['MessageBody'],
    messageAttributes: Object.fromEntries(
      Object.entries((entry['MessageAttributes'] ?? {}) as Record<string, Fields>).map(([name, attribute]) => [
        name,
        {
          ...(attribute['StringValue'] === undefined ? {} : { stringValue: attribute['StringValue'] }),
          ...(attribute['BinaryValue'] === undefined
            ? {}
            : { binaryValue: Buffer.from(attribute['BinaryValue'] as Uint8Array).toString('base64') }),
          stringListValues: [],
          binaryListValues: [],
          dataType: attribute['DataType'],
        },
      ]),
    ),
  }))
}

const inAttribute: InboundHarness = {
  carrier: sqsInbound,
  maxTokens: 2,
  // The second token is one that somebody put into the body by hand.
  deliver: ([token, byHand]) => ({
    event: withRecord('sqs', (record) => ({
      ...record,
      body: byHand === undefined ? '{"orderId":"o-1"}' : `{"_waybill":"${byHand}","orderId":"o-1"}`,
      messageAttributes: {
        ...(record['messageAttributes'] as Fields),
        ...(token !== undefined && { waybill: { stringValue: token, dataType: 'String' } }),
      },
    })),
  }),
  damaged: () => ({
    event: withRecord('sqs', (record) => ({
      ...record,
      body: '{"orderId":"o-1"}',
      messageAttributes: { ...(record['messageAttributes'] as Fields), waybill: { dataType: 'Number' } },
    })),
  }),
}

const sole: OutgoingHarness = {
  carrier: sqsOutgoing,
  receiver: sqsInbound,
  command: 'SendMessageCommand',
  place: 'attribute',
  payloadKind: 'text',
  onlyJson: false,
  target: QUEUE,
  maxEntries: 1,
  // 1 MiB: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
  maxBytes: 1024 * 1024,
  request: ([payload]) => ({ QueueUrl: QUEUE, MessageBody: payload, DelaySeconds: 1 }),
  payloadAt: (request) => request['MessageBody'] as Payload,
  sizeOf: (request) => Buffer.byteLength(request['MessageBody'] as string) + attributesSize(request),
  deliver: (request) => [{ event: delivered(request) }],
  received: (event) => (event as { Records: [{ body: string }] }).Records[0].body,
  withAttributes: withTenAttributes,
}

const entriesOf = (request: Fields): readonly Fields[] => request['Entries'] as readonly Fields[]

describeContract('SQS, one message', { inbound: inAttribute, outgoing: sole })
describeContract('SQS, a batch', {
  outgoing: {
    ...sole,
    command: 'SendMessageBatchCommand',
    maxEntries: 10,
    maxRequestBytes: 1024 * 1024,
    request: (payloads) => ({
      QueueUrl: QUEUE,
      Entries: payloads.map((payload, index) => ({ Id: String(index), MessageBody: payload })),
    }),
    payloadAt: (request, index) => sole.payloadAt(entriesOf(request)[index] ?? {}, 0),
    sizeOf: (request, index) => sole.sizeOf(entriesOf(request)[index] ?? {}, 0),
    deliver: (request) => entriesOf(request).map((entry) => ({ event: delivered(entry) })),
    withAttributes: (request, count) => ({
      ...request,
      Entries: entriesOf(request).map((entry) => withTenAttributes(entry, count)),
    }),
  },
})

describe('SQS', () => {
  test('takes one token in two places for one token, and strips both', () => {
    const { event } = inAttribute.deliver(['wb1.a', 'wb1.a'])
    expect(extractTokens(event)).toEqual(['wb1.a'])
    expect(JSON.stringify(arrivals(event).event)).not.toContain('wb1.a')
  })

  test('finds each record of a batch by its message id', () => {
    const first = (delivered({ MessageBody: 'x' }) as { Records: Fields[] }).Records[0]
    const record = (id: string, token?: string): Fields => ({
      ...first,
      messageId: id,
      messageAttributes: token === undefined ? {} : { waybill: { stringValue: token, dataType: 'String' } },
    })
    const found = arrivals({ Records: [record('a', 'wb1.a'), record('b'), null, record('c', 'wb1.c')] })
    expect(found).toMatchObject({ kind: 'batch', carrier: 'sqs', event: { Records: [{}, {}, null, {}] } })
    expect(found.kind === 'batch' && [...found.tokensById]).toEqual([
      ['a', ['wb1.a']],
      ['c', ['wb1.c']],
    ])
  })

  test('reports both when one message id brings two tokens', () => {
    const twice = ['wb1.a', 'wb1.b'].map(
      (token) => (inAttribute.deliver([token]).event as { Records: unknown[] }).Records[0],
    )
    expect(extractTokens({ Records: twice })).toEqual(['wb1.a', 'wb1.b'])
  })

  test('writes no token that a text could break on', () => {
    const shipment = openShipment('SQS', 'SendMessageCommand', sole.request(['x']), UNNAMED)
    for (const token of ['wb9."', 'wb9.\\', 'wb9. ', 'wb9.\n', 'wb9.é', '']) {
      expect(() => shipment?.write([token])).toThrow(TypeError)
    }
  })
})
