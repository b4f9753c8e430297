import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyRing } from '../../src/keys.ts'
import { type MergePolicy, mergeWaybills } from '../../src/merge.ts'
import { openToken } from '../../src/token/open.ts'
import { sealToken } from '../../src/token/seal.ts'
import { createWaybill, type DecisionInput, type Waybill, waybillOf } from '../../src/waybill.ts'
import { waybills } from '../token/waybills.ts'
import { ringSigning, vectors } from '../vectors/format-1.ts'

const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })

/** What the next hop gets of a waybill. */
function carried(waybill: Waybill): Waybill {
  const opened = openToken(sealToken(waybill, keys, { maxBytes: 8192 }).token ?? '', keys)
  if ('refusal' in opened) throw new Error(opened.refusal)
  return opened.waybill
}

const deciding = (variation: string, decidedAtSeconds: number, more: Partial<DecisionInput> = {}): Waybill =>
  createWaybill({ decidedAtSeconds, decisions: [{ flag: 'x', variation, value: variation, ...more }] })

describe('flags that do not meet', () => {
  test('are all in the merged waybill, each as it was', () => {
    const a = createWaybill({ decidedAtSeconds: 10, decisions: [{ flag: 'a', variation: 'on', value: true }] })
    const b = createWaybill({ decidedAtSeconds: 20, decisions: [{ flag: 'b', variation: 'off', value: false }] })
    const { waybill, conflicts } = mergeWaybills([a, b], 'newest')
    expect(waybill.decisions).toEqual(new Map([...a.decisions, ...b.decisions]))
    expect(waybill.decidedAtSeconds).toBe(10)
    expect(conflicts).toEqual([])
  })
})

describe('one flag decided differently', () => {
  const parts = [
    deciding('a', 30, { version: 5 }),
    deciding('b', 50, { version: 9 }),
    deciding('b', 10, { version: 1 }),
    deciding('c', 20, { version: 10 }),
  ]

  test.each<[MergePolicy, string | undefined, number | undefined]>([
    ['newest', 'b', 10],
    ['oldest', 'b', 10],
    ['highest-version', 'c', 20],
    ['omit', undefined, undefined],
  ])('%s: %s, decided at %s, in whatever order they come', (policy, variation, since) => {
    for (let turn = 0; turn < parts.length; turn += 1) {
      const turned = [...parts.slice(turn), ...parts.slice(0, turn)]
      for (const order of [turned, turned.toReversed()]) {
        const { waybill, conflicts } = mergeWaybills(order, policy)
        expect(waybill.decisions.get('x')?.variation).toBe(variation)
        expect(waybill.decisions.get('x')?.decidedAtSeconds).toBe(since)
        expect(conflicts).toEqual(['x'])
      }
    }
  })

  test('a tie goes to the first', () => {
    for (const policy of ['newest', 'oldest', 'highest-version'] as const) {
      const { waybill } = mergeWaybills([deciding('a', 5), deciding('b', 5)], policy)
      expect(waybill.decisions.get('x')?.variation).toBe('a')
    }
  })

  test('the same variation is no conflict', () => {
    const { waybill, conflicts } = mergeWaybills([deciding('a', 7), deciding('a', 5)], 'omit')
    expect(waybill.decisions.get('x')).toMatchObject({ variation: 'a', decidedAtSeconds: 5 })
    expect(conflicts).toEqual([])
  })
})

describe('the subject', () => {
  const of = (subject?: string): Waybill => createWaybill({ ...(subject && { subject }), decisions: [] })

  test('stays where all have the same', () => {
    expect(mergeWaybills([of('ada'), of('ada')], 'newest').waybill.subject).toBe('ada')
  })

  test('is gone where one has another, or none', () => {
    expect(mergeWaybills([of('ada'), of('bob')], 'newest').waybill.subject).toBeUndefined()
    expect(mergeWaybills([of('ada'), of()], 'newest').waybill.subject).toBeUndefined()
    expect(mergeWaybills([of(), of('ada')], 'newest').waybill.subject).toBeUndefined()
  })
})

test('what was dropped on the way is added up', () => {
  const dropped = (count: number): Waybill => waybillOf(new Map(), undefined, count)
  expect(mergeWaybills([dropped(2), dropped(0), dropped(3)], 'omit').waybill.droppedCount).toBe(5)
})

test('nothing merged is an empty waybill', () => {
  expect(mergeWaybills([], 'newest')).toMatchObject({ waybill: { decisions: new Map(), droppedCount: 0 } })
})

describe('what arrived in tokens, merged and sealed anew', () => {
  test('keeps each moment of decision on the next hop', () => {
    fc.assert(
      fc.property(fc.array(waybills(5), { maxLength: 4 }), fc.constantFrom('newest', 'oldest'), (sent, policy) => {
        const parts = sent.map(carried)
        const { waybill } = mergeWaybills(parts, policy)
        const next = carried(waybill)
        expect([...next.decisions.values()]).toEqual([...waybill.decisions.values()])
        for (const decision of next.decisions.values()) {
          const moments = parts
            .map((part) => part.decisions.get(decision.flag))
            .filter((one) => one?.variation === decision.variation)
            .map((one) => one?.decidedAtSeconds ?? Number.NaN)
          expect(decision.decidedAtSeconds).toBe(Math.min(...moments))
        }
        expect(next.decidedAtSeconds).toBe(waybill.decidedAtSeconds)
      }),
      { numRuns: 500 },
    )
  })

  test('merged once more, still does', () => {
    const [old, middle, fresh] = [deciding('a', 10), deciding('b', 20, { flag: 'y' }), deciding('c', 30, { flag: 'z' })]
    const once = carried(mergeWaybills([carried(middle), carried(fresh)], 'newest').waybill)
    const twice = carried(mergeWaybills([once, carried(old)], 'newest').waybill)
    expect([...twice.decisions.values()].map(({ decidedAtSeconds }) => decidedAtSeconds)).toEqual([20, 30, 10])
  })

  test('keeps the fields of an entry that this version does not know', () => {
    const ring = ringSigning('k1')
    const vector = vectors.opened.find(({ name }) => name.startsWith('unknown fields of an entry'))
    const opened = openToken(vector?.token ?? '', ring)
    if ('refusal' in opened) throw new Error(opened.refusal)
    const older = createWaybill({ decidedAtSeconds: 1, decisions: [{ flag: 'old', variation: 'on', value: true }] })
    const { token } = sealToken(mergeWaybills([older, opened.waybill], 'newest').waybill, ring)
    expect(token).toContain('~new-order-flow:canary:t:7:fb:zlater:q%20x:itlpwu8.')
  })
})
