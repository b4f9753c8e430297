import { describe, expect, test } from 'vitest'
import { keyRing } from '../../src/keys.ts'
import { openToken } from '../../src/token/open.ts'
import { MAX_TOKEN_BYTES, sealToken } from '../../src/token/seal.ts'
import { createWaybill, type Waybill, waybillOf } from '../../src/waybill.ts'

const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })

const decidedAtSeconds = 1_790_000_000
const manyFlags = (count: number): Waybill =>
  createWaybill({
    decidedAtSeconds,
    decisions: Array.from({ length: count }, (_, index) => ({ flag: `f${index}`, variation: 'on', value: true })),
  })
const bytesOf = (waybill: Waybill): number => sealToken(waybill, keys).token?.length ?? 0
const flagsOf = (token: string | undefined): readonly string[] => {
  const opened = openToken(token ?? '', keys)
  return 'waybill' in opened ? [...opened.waybill.decisions.keys()] : []
}

describe('when not all decisions fit', () => {
  test('those of lowest priority are shed, and the order of the others is kept', () => {
    const waybill = manyFlags(6)
    const { token, shedCount } = sealToken(waybill, keys, {
      maxBytes: bytesOf(waybill) - 1,
      priorityOf: (flag) => (flag === 'f0' || flag === 'f3' ? 0 : 1),
    })
    expect(flagsOf(token)).toEqual(['f0', 'f1', 'f2', 'f4', 'f5'])
    expect(shedCount).toBe(1)
  })

  test('among equals the last one goes first', () => {
    const waybill = manyFlags(6)
    const { token } = sealToken(waybill, keys, { maxBytes: bytesOf(waybill) - 1 })
    expect(flagsOf(token)).toEqual(['f0', 'f1', 'f2', 'f3', 'f4'])
  })

  test('the token says how many were shed, here and on the hops before', () => {
    const waybill = manyFlags(6)
    const once = openToken(sealToken(waybill, keys, { maxBytes: bytesOf(waybill) - 1 }).token ?? '', keys)
    if (!('waybill' in once)) throw new Error(once.refusal)
    expect(once.waybill.droppedCount).toBe(1)
    const twice = openToken(sealToken(once.waybill, keys, { maxBytes: bytesOf(once.waybill) - 1 }).token ?? '', keys)
    expect(twice).toMatchObject({ waybill: { droppedCount: 2 } })
  })

  test('a count of earlier sheddings has its place within the room as well', () => {
    const waybill = waybillOf(manyFlags(6).decisions, undefined, 3)
    for (let maxBytes = bytesOf(waybill) - 10; maxBytes <= bytesOf(waybill); maxBytes += 1) {
      expect(sealToken(waybill, keys, { maxBytes }).token?.length).toBeLessThanOrEqual(maxBytes)
    }
  })

  test('there is no token rather than one without any decision', () => {
    expect(sealToken(manyFlags(2), keys, { maxBytes: 50 })).toEqual({ shedCount: 0, problem: 'no_room' })
  })

  test('more than 128 flags are shed to 128, whatever their bytes', () => {
    const { token, shedCount } = sealToken(manyFlags(150), keys, { maxBytes: MAX_TOKEN_BYTES })
    expect(flagsOf(token)).toHaveLength(128)
    expect(shedCount).toBe(22)
  })
})

test('a waybill without decisions is sealed as well, where there is room for its signature', () => {
  const empty = createWaybill({ decisions: [], subject: 'abcdefghijklmnop' })
  expect(openToken(sealToken(empty, keys).token ?? '', keys)).toMatchObject({
    waybill: { subject: 'abcdefghijklmnop' },
  })
  expect(sealToken(empty, keys, { maxBytes: 20 })).toEqual({ shedCount: 0, problem: 'no_room' })
})

test('without a signing key there is no token, and the reason is named', () => {
  const verifyOnly = keyRing({ verifying: [{ id: 'k1', secret: Buffer.alloc(32, 1) }] })
  expect(sealToken(manyFlags(1), verifyOnly)).toEqual({ shedCount: 0, problem: 'no_keys' })
})

test('a token takes at most 2 KiB unless more is asked for, and never more than 8 KiB', () => {
  const long = createWaybill({
    decisions: Array.from({ length: 120 }, (_, index) => ({
      flag: `${index}`.padStart(100, 'f'),
      variation: 'on',
      value: true,
    })),
  })
  expect(sealToken(long, keys).token?.length).toBeLessThanOrEqual(2048)
  const most = sealToken(long, keys, { maxBytes: 100_000 }).token?.length ?? 0
  expect(most).toBeLessThanOrEqual(8192)
  expect(most).toBeGreaterThan(8192 - 200)
})
