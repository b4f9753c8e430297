import { describe, expect, test } from 'vitest'
import { isWaybillError } from '../../src/errors.ts'
import { createWaybill, type DecisionInput } from '../../src/waybill.ts'

const codeOf = (fn: () => unknown): string | undefined => {
  try {
    fn()
  } catch (error) {
    return isWaybillError(error) ? error.code : String(error)
  }
  return undefined
}

describe('a waybill made by hand', () => {
  const canary = { flag: 'x', variation: 'canary', value: true }

  test('needs a flag, a variation and a value; all else has a default', () => {
    const waybill = createWaybill({ decidedAtSeconds: 100, decisions: [canary] })
    expect(waybill).toEqual({
      decidedAtSeconds: 100,
      droppedCount: 0,
      decisions: new Map([
        ['x', { ...canary, version: 0, reason: 'PROVIDER', origin: 'evaluated', decidedAtSeconds: 100 }],
      ]),
    })
  })

  test('is as old as its oldest decision', () => {
    const decisions = [canary, { ...canary, flag: 'y', decidedAtSeconds: 40 }]
    expect(createWaybill({ decidedAtSeconds: 100, decisions }).decidedAtSeconds).toBe(40)
  })

  test.each<[string, Partial<Record<keyof DecisionInput, unknown>>]>([
    ['an empty flag', { flag: '' }],
    ['an empty variation', { variation: '' }],
    ['a flag that is no well-formed text', { flag: '\ud800' }],
    ['a variation that is no text', { variation: 1 }],
    ['a value that is not JSON', { value: Number.NaN }],
    ['no value', { value: undefined }],
    ['a broken version', { version: 1.5 }],
    ['a version that no token can hold', { version: 1e15 }],
    ['a negative version', { version: -1 }],
    ['a moment between seconds', { decidedAtSeconds: 1.5 }],
    ['a moment in milliseconds that no token can hold', { decidedAtSeconds: 36 ** 9 }],
  ])('is refused with %s', (_what, wrong) => {
    expect(codeOf(() => createWaybill({ decisions: [{ ...canary, ...wrong } as DecisionInput] }))).toBe('bad_decision')
  })

  test('is refused when a flag is decided twice', () => {
    expect(codeOf(() => createWaybill({ decisions: [canary, canary] }))).toBe('bad_decision')
  })

  test.each(['ada@example.com', 'a.b', '', 'x'.repeat(65), 's..admin:on:t:1:f'])(
    'is refused with the subject %j, which is no fingerprint, and does not quote it',
    (subject) => {
      const make = (): unknown => createWaybill({ subject, decisions: [canary] })
      expect(codeOf(make)).toBe('bad_decision')
      if (subject !== '') expect(make).not.toThrow(subject)
    },
  )
})
