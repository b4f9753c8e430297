import { describe, expect, test } from 'vitest'
import { openOverride, sealOverride } from '../../src/token/override.ts'
import { ringSigning, ringVerifying, vectors } from './format-1.ts'
import { overrideVectors } from './override-1.ts'

const all = ringVerifying(Object.keys(vectors.keys))
const says = (token: string, nowSeconds: number, subject: string): unknown => {
  const opened = openOverride(token, all, { nowSeconds, subject })
  return 'decisions' in opened ? Object.fromEntries(opened.decisions) : opened
}

describe('overrides that this version seals', () => {
  test.each(overrideVectors.sealed)('$name', ({ key, input, token, subject }) => {
    const { issuedAtSeconds, ...rest } = input
    expect(sealOverride({ ...rest, nowMs: () => issuedAtSeconds * 1000 }, ringSigning(key))).toBe(token)
    expect(says(token, issuedAtSeconds, subject)).toEqual(input.decisions)
  })
})

test.each(overrideVectors.opened)('an override that another writer sealed: $name', (vector) => {
  expect(says(vector.token, vector.nowSeconds, vector.subject)).toEqual(vector.decisions)
})

test.each(overrideVectors.refused)('an override that is refused as $refusal: $name', (vector) => {
  const { token, keys, nowSeconds, subject, refusal } = vector
  expect(openOverride(token, ringVerifying(keys), { nowSeconds, subject: subject ?? undefined })).toEqual({ refusal })
})

test('there is a refused override for every code that it can have', () => {
  expect([...new Set(overrideVectors.refused.map(({ refusal }) => refusal))].sort()).toEqual([
    'bad_signature',
    'expired',
    'malformed',
    'no_keys',
    'oversize',
    'unknown_key',
    'wrong_subject',
  ])
})
