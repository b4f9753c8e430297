import { describe, expect, test } from 'vitest'
import { arrivals, extractTokens } from '../../src/carriers/arrivals.ts'
import type { Fields } from '../../src/carriers/carrier.ts'
import { httpInbound } from '../../src/carriers/http.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf } from '../fixtures/events.ts'

/** The event with one header more, as the integration writes a header that came so many times. */
function withHeader(name: string, header: string, values: readonly unknown[]): Fields {
  const event = eventOf(name)
  if (values.length === 0) return event
  const headers = event['headers'] as Fields | undefined
  const multi = event['multiValueHeaders'] as Fields | undefined
  return {
    ...event,
    ...(headers && { headers: { ...headers, [header]: multi ? values.at(-1) : values.join(',') } }),
    ...(multi && { multiValueHeaders: { ...multi, [header]: values } }),
  }
}

for (const [name, header] of [
  ['rest-api-v1', 'X-Waybill'],
  ['http-api-v2', 'x-waybill'],
  ['function-url', 'x-waybill'],
  ['alb', 'x-waybill'],
  ['alb-multi-value', 'x-waybill'],
] as const) {
  describeContract(`HTTP, ${name}`, {
    inbound: {
      carrier: httpInbound,
      maxTokens: 2,
      deliver: (tokens) => ({ event: withHeader(name, header, tokens) }),
      damaged: () => ({ event: withHeader(name, header, ['']) }),
    },
  })
}

describe('HTTP headers', () => {
  test.each(['x-waybill', 'X-Waybill', 'X-WAYBILL'])('are found as %s', (header) => {
    expect(extractTokens(withHeader('rest-api-v1', header, ['wb1.a']))).toEqual(['wb1.a'])
    expect(extractTokens(withHeader('http-api-v2', header, ['wb1.a']))).toEqual(['wb1.a'])
  })

  test('of the same name in another case are both reported, and both stripped', () => {
    const event = eventOf('rest-api-v1')
    const twice = {
      ...event,
      headers: { ...(event['headers'] as Fields), 'x-waybill': 'wb1.a', 'X-Waybill': 'wb1.b' },
      multiValueHeaders: { ...(event['multiValueHeaders'] as Fields), 'x-waybill': ['wb1.a'], 'X-Waybill': ['wb1.b'] },
    }
    expect(arrivals(twice)).toEqual({ kind: 'single', carrier: 'http', tokens: ['wb1.a', 'wb1.b'], event })
  })

  test('that repeat one token are two tokens: who joined them is not known', () => {
    expect(extractTokens(withHeader('alb-multi-value', 'x-waybill', ['wb1.a', 'wb1.a']))).toEqual(['wb1.a', 'wb1.a'])
    expect(extractTokens(withHeader('http-api-v2', 'x-waybill', ['wb1.a', 'wb1.a']))).toEqual(['wb1.a', 'wb1.a'])
  })

  test('are trimmed of the white space that HTTP allows around a value', () => {
    expect(extractTokens(withHeader('alb', 'x-waybill', [' wb1.a\t']))).toEqual(['wb1.a'])
  })

  test('that stand in headers only are believed although there are multiValueHeaders', () => {
    const event = eventOf('rest-api-v1')
    const headers = { ...(event['headers'] as Fields), 'x-waybill': 'wb1.a' }
    expect(extractTokens({ ...event, headers })).toEqual(['wb1.a'])
    expect(extractTokens({ ...event, headers, multiValueHeaders: { 'x-waybill': [] } })).toEqual(['wb1.a'])
  })

  test('named __proto__ stay what they are', () => {
    const headers = JSON.parse('{"__proto__":"p","x-waybill":"wb1.a"}') as Fields
    const { event } = arrivals({ ...eventOf('alb'), headers })
    const clean = (event as { headers: object }).headers
    expect(Object.entries(clean)).toEqual([['__proto__', 'p']])
    expect(Object.getPrototypeOf(clean)).toBe(Object.prototype)
  })
})
