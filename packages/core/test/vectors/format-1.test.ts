import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/json.ts'
import { canonicalKey } from '../../src/subject.ts'
import { valueDigest } from '../../src/token/format-1.ts'
import { type Expectations, openToken } from '../../src/token/open.ts'
import { sealToken } from '../../src/token/seal.ts'
import { createWaybill, type Waybill } from '../../src/waybill.ts'
import { readingOf, ringSigning, ringVerifying, vectors } from './format-1.ts'

/*
 * Tokens like these are in flight, in queues and in archives: vectors are added, and never changed or deleted.
 */
function opened(token: string, expected: Expectations): Waybill {
  const result = openToken(token, ringVerifying(Object.keys(vectors.keys)), expected)
  if ('refusal' in result) throw new Error(`refused: ${result.refusal}`)
  return result.waybill
}

const audienceOf = ({ audience }: { readonly audience?: string }): Expectations =>
  audience === undefined ? {} : { audience }

describe('what this version seals', () => {
  test.each(vectors.sealed)('$name', ({ key, input, options, token, opens }) => {
    expect(sealToken(createWaybill(input), ringSigning(key), options).token).toBe(token)
    expect(readingOf(opened(token, audienceOf(options)))).toEqual(opens)
  })
})

describe('what other writers seal', () => {
  test.each(vectors.opened)('$name', ({ token, expect: expected, opens, resealed }) => {
    const waybill = opened(token, expected)
    expect(readingOf(waybill)).toEqual(opens)
    for (const again of resealed) {
      expect(sealToken(waybill, ringSigning(again.key), again.options).token).toBe(again.token)
    }
  })

  test.each(vectors.opened.flatMap(({ name, opens, resealed }) => resealed.map((again) => ({ name, opens, again }))))(
    'sealed again: $name',
    ({ opens, again }) => {
      const reading = readingOf(opened(again.token, audienceOf(again.options)))
      const lost = opens.decisions.length - reading.decisions.length
      expect(reading).toEqual({
        ...opens,
        droppedCount: opens.droppedCount + lost,
        decisions: opens.decisions.slice(0, reading.decisions.length),
      })
    },
  )
})

describe('what is refused', () => {
  test.each(vectors.refused)('$refusal: $name', ({ token, keys, expect: expected, refusal }) => {
    expect(openToken(token, ringVerifying(keys), expected)).toEqual({ refusal })
  })

  test('is there for every code that a text can have', () => {
    const codes = new Set(vectors.refused.map(({ refusal }) => refusal))
    expect([...codes].sort()).toEqual([
      'bad_signature',
      'expired',
      'malformed',
      'no_keys',
      'oversize',
      'unknown_format',
      'unknown_key',
      'wrong_audience',
      'wrong_subject',
    ])
  })
})

test.each(vectors.subjects)('the subject $canonicalKey', ({ context, canonicalKey: key, fingerprint }) => {
  expect(canonicalKey(context)).toBe(key)
  expect(ringSigning('k1').fingerprint(key)).toBe(fingerprint)
})

test.each(vectors.digests)('the digest $digest', ({ value, canonical, digest }) => {
  expect(canonicalJson(value)).toBe(canonical)
  expect(valueDigest(value)).toBe(digest)
})

test('no vector stands there twice', () => {
  const names = [...vectors.sealed, ...vectors.opened].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  const refused = vectors.refused.map(({ refusal, name }) => `${refusal}: ${name}`)
  expect(new Set(refused).size).toBe(refused.length)
})
