import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, isJson, type JsonValue, jsonKind, parseJson, sameJson } from '../src/json.ts'

describe('canonical JSON', () => {
  test('is one text per value, whatever the order of its keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'é' }], a: true })).toBe('{"a":true,"b":[1,{"c":"é","d":null}]}')
  })

  test('sorts keys as text, numbers among them too (RFC 8785)', () => {
    expect(canonicalJson({ b: 1, 9: 2, 10: 3 })).toBe('{"10":3,"9":2,"b":1}')
  })

  test('sorts by UTF-16 code units, as in the example of RFC 8785 section 3.2.3', () => {
    const sorted = canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, ö: 7 })
    expect(sorted).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}')
  })

  test('writes numbers as JavaScript does', () => {
    expect(canonicalJson([1, 1.5, 1e21, 1e-7, -0])).toBe('[1,1.5,1e+21,1e-7,0]')
  })

  test('keeps a key that is called __proto__', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}')
  })

  test('parses to what it was made of', () => {
    const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(plain(value))
      }),
    )
  })
})

// A negative zero is written as zero.
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('what is JSON', () => {
  test.each([null, true, 0, -1.5, 'x', [], {}, [[{ a: [null] }]], Object.create(null)])('%j is', (value) => {
    expect(isJson(value)).toBe(true)
  })

  test.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['undefined within', { a: undefined }],
    ['a hole', new Array(1)],
  ])('%s is not', (_what, value) => {
    expect(isJson(value)).toBe(false)
  })

  test('what refers to itself is not, nor what is deeper than 64 levels', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(isJson(cycle)).toBe(false)
    expect(isJson(parseJson('['.repeat(64) + ']'.repeat(64)))).toBe(true)
    expect(isJson(parseJson('['.repeat(65) + ']'.repeat(65)))).toBe(false)
  })
})

test('two values are the same whatever the order of their keys', () => {
  expect(sameJson({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true)
  expect(sameJson([1, 2], [2, 1])).toBe(false)
  expect(sameJson('1', 1)).toBe(false)
  expect(sameJson(null, {})).toBe(false)
})

test('the kinds of values are told apart as flags see them', () => {
  expect([null, true, 1, 'x', [], {}].map(jsonKind)).toEqual(['null', 'boolean', 'number', 'string', 'array', 'object'])
})

test('text that is not JSON is undefined, never an exception', () => {
  for (const text of ['', '{', 'undefined', '{"a":1}x', '\ufeff1']) expect(parseJson(text)).toBeUndefined()
  fc.assert(fc.property(fc.string(), (text) => void parseJson(text)))
})
