import { describe, expect, expectTypeOf, test } from 'vitest'
import { runWithWaybill } from '../src/current.ts'
import type { Decision } from '../src/decision.ts'
import type { FlagDeclaration } from '../src/declared-flag.ts'
import { declareFlags } from '../src/declared-flags.ts'
import { isWaybillError } from '../src/errors.ts'
import { createWaybill } from '../src/waybill.ts'

const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true, priority: 5 },
  colour: { variations: { calm: 'blue', loud: 'red' }, default: 'calm' },
  limit: { variations: { low: 10, high: 100 }, default: 'low', maxAgeSeconds: 60, inFlight: 'recall' },
  menu: { variations: { none: { dishes: [] }, lunch: { dishes: ['soup'] } }, default: 'none' },
})

describe('declared flags', () => {
  test('have their declared default outside any request', () => {
    expect(flags.get('new-order-flow')).toBe(false)
    expect(flags.get('colour')).toBe('blue')
    expect(flags.detail('limit')).toMatchObject({ variation: 'low', value: 10, origin: 'default', cause: 'no_scope' })
  })

  test('have what was decided inside one', () => {
    const waybill = createWaybill({ decisions: [{ flag: 'colour', variation: 'loud', value: 'red', version: 3 }] })
    expect(runWithWaybill(waybill, () => flags.get('colour'))).toBe('red')
    expect(runWithWaybill(waybill, () => flags.detail('colour'))).toMatchObject({ variation: 'loud', version: 3 })
    expect(runWithWaybill(waybill, () => flags.get('limit'))).toBe(10)
  })

  test('stand in the order of their declaration, with defaults for what was not said', () => {
    expect(flags.all.map(({ key }) => key)).toEqual(['new-order-flow', 'colour', 'limit', 'menu'])
    expect(flags.all[0]).toMatchObject({
      observe: true,
      priority: 5,
      inFlight: 'keep',
      maxAgeSeconds: Infinity,
      whenExpired: 'default',
    })
    expect(flags.all[2]).toMatchObject({ observe: false, priority: 0, inFlight: 'recall', maxAgeSeconds: 60 })
  })

  test('that are not declared cannot be read', () => {
    expect(() => flags.get('new-order-flwo' as 'colour')).toThrow(/"new-order-flwo" was read but is not declared/)
  })
})

describe('a declaration is refused, naming the flag and what to change', () => {
  const good = { variations: { off: false, on: true }, default: 'off' }

  test.each<[string, string, unknown, RegExp]>([
    ['a key with a space', 'my flag', good, /"my flag": keys are/],
    ['an empty key', '', good, /keys are 1 to 256/],
    ['a key outside ASCII', 'größe', good, /keys are/],
    ['no variations', 'x', { variations: {}, default: 'off' }, /"x": declare at least one/],
    ['variations missing altogether', 'x', { default: 'off' }, /declare at least one/],
    ['a default that is not declared', 'x', { ...good, default: 'gone' }, /default "gone" is not among/],
    ['values of two kinds', 'x', { variations: { a: 1, b: 'one' }, default: 'a' }, /found number and string/],
    ['a variation name with a space', 'x', { variations: { 'o n': true }, default: 'o n' }, /"o n" must be 1 to 64/],
    ['a value that is not JSON', 'x', { variations: { a: Number.NaN }, default: 'a' }, /value of "a" must be JSON/],
    ['a value with a date in it', 'x', { variations: { a: { at: new Date(0) } }, default: 'a' }, /must be JSON/],
    ['no age at all', 'x', { ...good, maxAgeSeconds: 0 }, /maxAgeSeconds must be positive/],
    ['an end without an age', 'x', { ...good, whenExpired: 'keep' }, /nothing without maxAgeSeconds/],
    ['an unknown end', 'x', { ...good, maxAgeSeconds: 1, whenExpired: 'never' }, /one of default, keep, evaluate/],
    ['an age that is no number', 'x', { ...good, maxAgeSeconds: Number.NaN }, /maxAgeSeconds must be positive/],
  ])('%s', (_what, key, declaration, message) => {
    const declare = (): unknown => declareFlags({ [key]: declaration as FlagDeclaration })
    expect(declare).toThrow(message)
    try {
      declare()
    } catch (error) {
      expect(isWaybillError(error) && error.code).toBe('bad_declaration')
    }
  })
})

test('reading a flag is typed by what was declared', () => {
  expectTypeOf(flags.get('new-order-flow')).toEqualTypeOf<boolean>()
  expectTypeOf(flags.get('colour')).toEqualTypeOf<'blue' | 'red'>()
  expectTypeOf(flags.get('limit')).toEqualTypeOf<10 | 100>()
  expectTypeOf(flags.get('menu').dishes).toExtend<readonly string[]>()
  expectTypeOf(flags.detail('colour')).toEqualTypeOf<Decision<'blue' | 'red'>>()
  expectTypeOf<Parameters<typeof flags.get>[0]>().toEqualTypeOf<'new-order-flow' | 'colour' | 'limit' | 'menu'>()

  // A comparison narrows, as with any union.
  const colour = flags.get('colour')
  if (colour !== 'blue') expectTypeOf(colour).toEqualTypeOf<'red'>()

  // @ts-expect-error a flag that is not declared
  const misspelt = (): unknown => flags.get('color')
  // @ts-expect-error a value that the flag cannot have
  const never = (): boolean => flags.get('colour') === 'green'
  // @ts-expect-error a flag without a default
  const incomplete = (): unknown => declareFlags({ x: { variations: { a: 1 } } })
  expect([misspelt, never, incomplete]).toHaveLength(3)
})
