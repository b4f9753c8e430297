import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/decision.ts'
import { keyRing } from '../../src/keys.ts'
import { valueDigest } from '../../src/token/format-1.ts'
import { openToken } from '../../src/token/open.ts'
import { MAX_TOKEN_BYTES, sealToken } from '../../src/token/seal.ts'
import { createWaybill, type Waybill, waybillOf } from '../../src/waybill.ts'
import { waybills } from './waybills.ts'

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

describe('whatever is sealed', () => {
  const opened = (token: string | undefined, audience?: string): Waybill => {
    const result = openToken(token ?? '', keys, audience === undefined ? {} : { audience })
    if ('refusal' in result) throw new Error(`${result.refusal}: ${token}`)
    return result.waybill
  }
  /** A decision as it arrives: a large value as its digest, everything else as it was sent. */
  const arrived = (sent: Decision, got: Decision | undefined): Decision => ({
    bucketed: false,
    inExperiment: false,
    track: false,
    ...sent,
    origin: 'propagated',
    ...(got?.digest === undefined ? {} : { value: null, digest: valueDigest(sent.value) }),
  })

  test('opens as the same', () => {
    fc.assert(
      fc.property(waybills(), fc.option(fc.string({ maxLength: 20 }), { nil: undefined }), (waybill, audience) => {
        fc.pre(audience === undefined || audience.isWellFormed())
        const options = { maxBytes: MAX_TOKEN_BYTES, ...(audience === undefined ? {} : { audience }) }
        const got = opened(sealToken(waybill, keys, options).token, audience)
        expect(got.subject).toBe(waybill.subject)
        expect(got.decidedAtSeconds).toBe(waybill.decidedAtSeconds)
        expect([...got.decisions.keys()]).toEqual([...waybill.decisions.keys()])
        for (const sent of waybill.decisions.values()) {
          const one = got.decisions.get(sent.flag)
          expect(one).toEqual(arrived(sent, one))
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('is made of characters that every carrier takes as they are', () => {
    fc.assert(
      fc.property(waybills(), fc.string(), (waybill, audience) => {
        expect(sealToken(waybill, keys, { audience, maxBytes: MAX_TOKEN_BYTES }).token).toMatch(/^[\w.~:%=-]+$/)
      }),
    )
  })

  test('is the same text each time, and the same again when it is sealed anew', () => {
    fc.assert(
      fc.property(waybills(), (waybill) => {
        const { token } = sealToken(waybill, keys, { maxBytes: MAX_TOKEN_BYTES })
        expect(sealToken(waybill, keys, { maxBytes: MAX_TOKEN_BYTES }).token).toBe(token)
        expect(sealToken(opened(token), keys, { maxBytes: MAX_TOKEN_BYTES }).token).toBe(token)
      }),
    )
  })

  test('never exceeds its room, and keeps the most important that fit', () => {
    fc.assert(
      fc.property(
        waybills(12),
        fc.array(fc.nat(2), { minLength: 12, maxLength: 12 }),
        fc.nat(700),
        (waybill, ranks, maxBytes) => {
          const flags = [...waybill.decisions.keys()]
          const priorityOf = (flag: string): number => ranks[flags.indexOf(flag)] ?? 0
          const { token, shedCount, problem } = sealToken(waybill, keys, { maxBytes, priorityOf })
          if (token === undefined) {
            expect(problem).toBe('no_room')
            return
          }
          expect(token.length).toBeLessThanOrEqual(maxBytes)
          const kept = [...opened(token).decisions.keys()]
          const byImportance = flags.toSorted(
            (a, b) => priorityOf(b) - priorityOf(a) || flags.indexOf(a) - flags.indexOf(b),
          )
          expect(new Set(kept)).toEqual(new Set(byImportance.slice(0, kept.length)))
          expect(kept).toEqual(flags.filter((flag) => kept.includes(flag)))
          expect(opened(token).droppedCount).toBe(shedCount)
          expect(shedCount).toBe(flags.length - kept.length)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

test('a subject that is no fingerprint never becomes part of the text', () => {
  const waybill = { ...manyFlags(1), subject: 's..admin:on:t:1:f' }
  const opened = openToken(sealToken(waybill, keys).token ?? '', keys)
  expect('waybill' in opened && [...opened.waybill.decisions.keys()]).toEqual(['f0'])
  expect('waybill' in opened && opened.waybill.subject).toBe(undefined)
})

test('values and versions that plain JavaScript lets through do not make the token unreadable', () => {
  const odd = waybillOf(
    new Map<string, Decision>(
      [Number.NaN, Number.POSITIVE_INFINITY].map((value, index) => [
        `f${index}`,
        {
          flag: `f${index}`,
          variation: 'on',
          value,
          version: 1.5,
          reason: 'OFF',
          origin: 'evaluated',
          decidedAtSeconds,
        },
      ]),
    ),
    undefined,
  )
  const opened = openToken(sealToken(odd, keys).token ?? '', keys)
  expect('waybill' in opened && [...opened.waybill.decisions.values()]).toMatchObject([
    { value: null, version: 0 },
    { value: null, version: 0 },
  ])
})
