import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arrivals, extractTokens, recordArrival } from '../../src/carriers/arrivals.ts'
import type { Fields } from '../../src/carriers/carrier.ts'
import { kinesisInbound, kinesisOutgoing } from '../../src/carriers/kinesis.ts'
import { openShipment } from '../../src/outgoing/commands.ts'
import type { OutgoingHarness, Payload } from '../../src/testing/harness.ts'
import { NAMED } from '../../src/testing/open-request.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf, withRecord } from '../fixtures/events.ts'
import { producedTexts } from '../fixtures/json-texts.ts'

const STREAM = 'order-events'

function delivered(data: unknown): Fields {
  return withRecord('kinesis', (record) => ({
    ...record,
    kinesis: { ...(record['kinesis'] as Fields), data: Buffer.from(data as string).toString('base64') },
  }))
}

const dataOf = (event: unknown): Buffer =>
  Buffer.from((event as { Records: [{ kinesis: { data: string } }] }).Records[0].kinesis.data, 'base64')

const sole: OutgoingHarness = {
  carrier: kinesisOutgoing,
  receiver: kinesisInbound,
  command: 'PutRecordCommand',
  place: 'body',
  payloadKind: 'bytes',
  onlyJson: false,
  target: STREAM,
  maxEntries: 1,
  // 1 MiB of data and partition key: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
  maxBytes: 1024 * 1024,
  request: ([payload]) => ({ StreamName: STREAM, Data: payload, PartitionKey: 'é-1' }),
  payloadAt: (request) => request['Data'] as Payload,
  sizeOf: (request) =>
    Buffer.from(request['Data'] as string).byteLength + Buffer.byteLength(request['PartitionKey'] as string),
  deliver: (request) => [{ event: delivered(request['Data']) }],
  received: dataOf,
}

const recordsOf = (request: Fields): readonly Fields[] => request['Records'] as readonly Fields[]

describeContract('Kinesis, one record', {
  inbound: {
    carrier: kinesisInbound,
    maxTokens: 2,
    deliver: (tokens) => ({
      event: delivered(`{${['"orderId":"o-1"', ...tokens.map((token) => `"_waybill":"${token}"`)].join(',')}}`),
    }),
    damaged: () => ({ event: delivered('{"orderId":"o-1","_waybill":["wb1.a"]}') }),
  },
  outgoing: sole,
})
describeContract('Kinesis, one record as text', { outgoing: { ...sole, payloadKind: 'text' } })
describeContract('Kinesis, many records', {
  outgoing: {
    ...sole,
    command: 'PutRecordsCommand',
    maxEntries: 500,
    // https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
    maxRequestBytes: 10 * 1024 * 1024,
    request: (payloads) => ({
      StreamName: STREAM,
      Records: payloads.map((payload) => ({ Data: payload, PartitionKey: 'o-1' })),
    }),
    payloadAt: (request, index) => sole.payloadAt(recordsOf(request)[index] ?? {}, 0),
    sizeOf: (request, index) => sole.sizeOf(recordsOf(request)[index] ?? {}, 0),
    deliver: (request) => recordsOf(request).map((record) => ({ event: delivered(record['Data']) })),
  },
})

const TOKEN = 'wb1.k1.t0.s..new-order-flow:canary:t:7:fb.sIgNaTuRe'

describe('A stamp in a stream', () => {
  /** Sends bytes as a producer does, and reads what the consumer's function gets. */
  function through(data: Uint8Array): { problem: unknown; sent: Buffer; tokens: readonly string[]; handled: Buffer } {
    const shipment = openShipment('Kinesis', 'PutRecordCommand', sole.request([data]), NAMED)
    const { problem } = shipment?.slots[0] ?? {}
    const sent = Buffer.from(shipment?.write([problem === undefined ? TOKEN : undefined])['Data'] as Uint8Array)
    const event = delivered(sent)
    return { problem, sent, tokens: extractTokens(event), handled: dataOf(arrivals(event).event) }
  }

  test('leaves every other byte as it was: escapes, unicode, repeated keys, white space, large numbers', () => {
    let carriedCount = 0
    fc.assert(
      fc.property(producedTexts, fc.constantFrom('utf8', 'latin1'), (text, encoding) => {
        const data = Buffer.from(text, encoding as 'utf8')
        const { problem, sent, tokens, handled } = through(data)
        // Some of these texts have our key already: that is taken out, whoever put it there.
        fc.pre(problem === undefined || !text.includes('"_waybill"'))
        expect(tokens).toEqual(problem === undefined ? [TOKEN] : [])
        expect(handled.equals(data)).toBe(true)
        if (problem !== undefined) expect(sent.equals(data)).toBe(true)
        else carriedCount += 1
        // Whatever the stamp, it is one piece, and the bytes around it are the producer's own.
        const start = commonStart(sent, data)
        expect(sent.subarray(0, start).equals(data.subarray(0, start))).toBe(true)
        expect(sent.subarray(sent.length - (data.length - start)).equals(data.subarray(start))).toBe(true)
      }),
      { numRuns: 1000 },
    )
    // The property is about stamped records: enough of them must have been.
    expect(carriedCount).toBeGreaterThan(100)
  }, 60_000)

  test.each([
    ['a trailing newline', '{"a":1}\n', undefined],
    ['a number that JavaScript would change', '{"id":12345678901234567890,"x":1.10}', undefined],
    ['a repeated key', '{"a":1,"a":2}', undefined],
    ['several objects on lines of their own', '{"a":1}\n{"b":2}\n', 'uncarried'],
    ['a byte order mark', '\ufeff{"a":1}', 'uncarried'],
    ['a list', '[{"a":1}]', 'uncarried'],
  ])('of a record with %s', (_, text, expected) => {
    const { problem, sent, handled } = through(Buffer.from(text))
    expect(problem).toBe(expected)
    expect(handled.toString()).toBe(text)
    expect(sent.toString()).toBe(
      expected === undefined ? text.replace(/\}\s*$/, (end) => `,"_waybill":"${TOKEN}"${end}`) : text,
    )
  })
})

function commonStart(a: Uint8Array, b: Uint8Array): number {
  let at = 0
  while (at < b.length && a[at] === b[at]) at += 1
  return at
}

describe('Kinesis', () => {
  test('asks for a stream by its ARN where the request has one', () => {
    const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/order-events'
    const asked: unknown[] = []
    const policy = {
      namedExecutions: false,
      namedTransactions: false,
      isNamed: (target: unknown) => {
        asked.push(target)
        return true
      },
    }
    openShipment('Kinesis', 'PutRecordCommand', { ...sole.request(['{}']), StreamARN: arn }, policy)
    expect(asked).toEqual([arn])
  })

  test('stamps a view into a larger buffer, and nothing around it', () => {
    const around = Buffer.from('{"x":1}{"orderId":"o-1"}{"y":2}')
    const view = around.subarray(7, 24)
    const request = openShipment('Kinesis', 'PutRecordCommand', sole.request([view]), NAMED)?.write(['wb1.a'])
    expect(String(request?.['Data'])).toBe('{"orderId":"o-1","_waybill":"wb1.a"}')
    expect(String(around)).toBe('{"x":1}{"orderId":"o-1"}{"y":2}')
  })

  test('takes no token from several objects in one record: whose it is could not be told', () => {
    const event = delivered('{"orderId":"o-1","_waybill":"wb1.a"}\n{"orderId":"o-2","_waybill":"wb1.b"}\n')
    expect(arrivals(event)).toMatchObject({ kind: 'batch', tokensById: new Map(), event })
  })

  test('reads an EventBridge event that a rule put into a stream', () => {
    const event = { ...eventOf('eventbridge'), detail: { orderId: 'é', _waybill: 'wb1.a' } }
    const found = arrivals(delivered(JSON.stringify(event)))
    expect(found.kind === 'batch' && [...found.tokensById.values()]).toEqual([['wb1.a']])
    expect(JSON.parse(String(dataOf(found.event)))).toEqual({ ...event, detail: { orderId: 'é' } })
  })

  test('reads one record that is handed over alone', () => {
    const event = delivered('{"orderId":"o-1","_waybill":"wb1.a"}') as { Records: unknown[] }
    const found = recordArrival(event.Records[0])
    expect(found).toMatchObject({ carrier: 'kinesis', tokens: ['wb1.a'] })
    expect(String(dataOf({ Records: [found?.record] }))).toBe('{"orderId":"o-1"}')
    for (const odd of [undefined, null, 'x', 1, {}, []]) expect(recordArrival(odd)).toBeUndefined()
  })

  test('tells its records apart in a batch whose data repeats', () => {
    const one = (delivered('{"_waybill":"wb1.a"}') as { Records: Fields[] }).Records[0]
    const two = (delivered('{"_waybill":"wb1.b"}') as { Records: Fields[] }).Records[0]
    expect(extractTokens({ Records: [one, { ...two, eventID: 'shardId-000000000006:2' }] })).toEqual(['wb1.a', 'wb1.b'])
  })
})
