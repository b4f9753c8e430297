import { describe, expect, test } from 'vitest'
import { arrivals } from '../../src/carriers/arrivals.ts'
import type { Fields } from '../../src/carriers/carrier.ts'
import { firehoseInbound, firehoseOutgoing } from '../../src/carriers/firehose.ts'
import { openShipment } from '../../src/outgoing/commands.ts'
import type { OutgoingHarness, Payload } from '../../src/testing/harness.ts'
import { NAMED } from '../../src/testing/open-request.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf, withRecord } from '../fixtures/events.ts'

const STREAM = 'order-archive'

function delivered(data: string | Uint8Array): Fields {
  return withRecord('firehose', (record) => ({ ...record, data: Buffer.from(data as string).toString('base64') }))
}

const recordOf = (request: Fields): Fields => request['Record'] as Fields
const recordsOf = (request: Fields): readonly Fields[] => request['Records'] as readonly Fields[]

const sole: OutgoingHarness = {
  carrier: firehoseOutgoing,
  receiver: firehoseInbound,
  command: 'PutRecordCommand',
  place: 'body',
  payloadKind: 'bytes',
  onlyJson: false,
  target: STREAM,
  maxEntries: 1,
  // "1,000 KiB", before base64: https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html
  maxBytes: 1000 * 1024,
  request: ([payload]) => ({ DeliveryStreamName: STREAM, Record: { Data: payload } }),
  payloadAt: (request) => recordOf(request)['Data'] as Payload,
  sizeOf: (request) => Buffer.from(recordOf(request)['Data'] as string).byteLength,
  deliver: (request) => [{ event: delivered(recordOf(request)['Data'] as Payload) }],
  received: (event) => Buffer.from((event as { records: [{ data: string }] }).records[0].data, 'base64'),
}

describeContract('Firehose transformation', {
  inbound: {
    carrier: firehoseInbound,
    maxTokens: 2,
    deliver: (tokens) => ({
      event: delivered(`{${['"orderId":"o-1"', ...tokens.map((token) => `"_waybill":"${token}"`)].join(',')}}\n`),
    }),
    damaged: () => ({ event: delivered('{"orderId":"o-1","_waybill":1}\n') }),
  },
})
describeContract('Firehose, one record', { outgoing: sole })
describeContract('Firehose, one record as text', { outgoing: { ...sole, payloadKind: 'text' } })
describeContract('Firehose, many records', {
  outgoing: {
    ...sole,
    command: 'PutRecordBatchCommand',
    maxEntries: 500,
    // "up to a limit of 4 MB": https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
    maxRequestBytes: 4 * 1024 * 1024,
    request: (payloads) => ({ DeliveryStreamName: STREAM, Records: payloads.map((Data) => ({ Data })) }),
    payloadAt: (request, index) => recordsOf(request)[index]?.['Data'] as Payload,
    sizeOf: (request, index) => Buffer.from(recordsOf(request)[index]?.['Data'] as string).byteLength,
    deliver: (request) => recordsOf(request).map(({ Data }) => ({ event: delivered(Data as Payload) })),
  },
})

describe('Firehose', () => {
  test('keeps the newline that ends a record', () => {
    const { event } = arrivals(delivered('{"orderId":"o-1","_waybill":"wb1.a"}\n'))
    const [record] = (event as { records: [{ data: string }] }).records
    expect(Buffer.from(record.data, 'base64').toString()).toBe('{"orderId":"o-1"}\n')
  })

  test('is not taken for Kinesis, whose commands have the same names', () => {
    const request = { DeliveryStreamName: STREAM, Record: { Data: Buffer.from('{"a":1}\n') } }
    const stamped = openShipment('Firehose', 'PutRecordCommand', request, NAMED)?.write(['wb1.a'])
    expect(String(recordOf(stamped ?? {})['Data'])).toBe('{"a":1,"_waybill":"wb1.a"}\n')
    expect(stamped).not.toHaveProperty('Data')
  })

  test('is told apart from an event whose records have another name', () => {
    const { records } = eventOf('firehose')
    expect(arrivals({ Records: records })).toEqual({ kind: 'single', tokens: [], event: { Records: records } })
    const queue = { records: eventOf('sqs')['Records'] }
    expect(arrivals(queue)).toEqual({ kind: 'single', tokens: [], event: queue })
  })
})
