import { describe, expect, test } from 'vitest'
import { arrivals } from '../../src/carriers/arrivals.ts'
import type { Fields } from '../../src/carriers/carrier.ts'
import { firehose } from '../../src/carriers/firehose.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf, withRecord } from '../fixtures/events.ts'

function delivered(text: string): Fields {
  return withRecord('firehose', (record) => ({ ...record, data: Buffer.from(text).toString('base64') }))
}

describeContract('Firehose transformation', {
  inbound: {
    carrier: firehose,
    maxTokens: 2,
    deliver: (tokens) => ({
      event: delivered(`{${['"orderId":"o-1"', ...tokens.map((token) => `"_waybill":"${token}"`)].join(',')}}\n`),
    }),
    damaged: () => ({ event: delivered('{"orderId":"o-1","_waybill":1}\n') }),
  },
})

describe('Firehose', () => {
  test('keeps the newline that ends a record', () => {
    const { event } = arrivals(delivered('{"orderId":"o-1","_waybill":"wb1.a"}\n'))
    const [record] = (event as { records: [{ data: string }] }).records
    expect(Buffer.from(record.data, 'base64').toString()).toBe('{"orderId":"o-1"}\n')
  })

  test('is told apart from an event whose records have another name', () => {
    const { records } = eventOf('firehose')
    expect(arrivals({ Records: records })).toEqual({ kind: 'single', tokens: [], event: { Records: records } })
    const queue = { records: eventOf('sqs')['Records'] }
    expect(arrivals(queue)).toEqual({ kind: 'single', tokens: [], event: queue })
  })
})
