import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arrivals, extractTokens, recordArrival } from '../../src/carriers/arrivals.ts'
import { INBOUND } from '../../src/carriers/list.ts'
import { deepFreeze } from '../../src/testing/unload.ts'
import { eventNames, eventOf } from '../fixtures/events.ts'

describe('Arrivals', () => {
  test('hand an event that nobody knows on as it is', () => {
    for (const event of [undefined, null, 0, '', 'text', true, [], [1], {}, { Records: [] }, { Records: [null] }]) {
      expect(arrivals(event)).toEqual({ kind: 'single', tokens: [], event })
    }
  })

  test.each(eventNames)('of %s without a token leave it as it is', (name) => {
    const event = deepFreeze(eventOf(name))
    expect(arrivals(event)).toMatchObject({ event })
    expect(extractTokens(event)).toEqual([])
  })

  test('find the records of a batch whose first is none', () => {
    const [record] = eventOf('sqs')['Records'] as [object]
    expect(arrivals({ Records: [null, record] })).toMatchObject({ kind: 'batch', carrier: 'sqs' })
  })

  test('throw for no event and no context, however odd, and change none', () => {
    const names = fc.constantFrom(
      'Records',
      'records',
      'eventSource',
      'EventSource',
      'body',
      'messageAttributes',
      'waybill',
      'Sns',
      'kinesis',
      'dynamodb',
      'NewImage',
      '_waybill',
      'detail',
      'detail-type',
      'requestContext',
      'http',
      'headers',
      'multiValueHeaders',
      'x-waybill',
      'recordId',
      'data',
      'clientContext',
      'custom',
      '__proto__',
    )
    const leaves = fc.oneof(
      fc.constantFrom('aws:sqs', 'aws:sns', 'aws:kinesis', 'aws:dynamodb', 'MODIFY', '{"_waybill":"t"}', ''),
      fc.anything({ maxDepth: 0 }),
    )
    const { odd } = fc.letrec<{ odd: unknown }>((tie) => ({
      odd: fc.oneof(
        { depthSize: 'medium' },
        leaves,
        fc.array(tie('odd'), { maxLength: 3 }),
        fc.dictionary(names, tie('odd'), { maxKeys: 6 }),
      ),
    }))
    fc.assert(
      fc.property(odd, odd, (event, context) => {
        arrivals(deepFreeze(event), deepFreeze(context))
        recordArrival(event)
      }),
      { numRuns: 2000 },
    )
  })
})

test('Carriers have each name once', () => {
  const names = INBOUND.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
