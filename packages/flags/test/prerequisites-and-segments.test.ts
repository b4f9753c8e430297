import type { EvaluationContext } from '@waybill/core'
import { declareFlags } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import type { Clause, FlagData, SegmentData } from '../src/model.ts'
import { compileRuleset } from '../src/ruleset.ts'

const flag = (key: string, more: Partial<FlagData> = {}): FlagData => ({
  key,
  version: 1,
  on: true,
  variations: ['off', 'on'],
  offVariation: 0,
  fallthrough: { variation: 1 },
  ...more,
})
const segment = (key: string, more: Partial<SegmentData> = {}): SegmentData => ({ key, version: 1, ...more })
const inSegment = (...values: string[]): Clause => ({ op: 'segmentMatch', values })
const ruled = (...clauses: Clause[]): FlagData =>
  flag('f', { fallthrough: { variation: 0 }, rules: [{ id: 'r', variation: 1, clauses }] })
const byKey = <T extends { readonly key: string }>(items: readonly T[]): Record<string, T> =>
  Object.fromEntries(items.map((one) => [one.key, one]))
const decide = (flags: readonly FlagData[], segments: readonly SegmentData[] = [], context?: EvaluationContext) =>
  compileRuleset({ flags: byKey(flags), segments: byKey(segments) }).decide('f', context ?? { key: 'u' }, 'fallback')

const malformed = { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' }

describe('a prerequisite', () => {
  const needing = (key: string, variation: number): FlagData => flag('f', { prerequisites: [{ key, variation }] })
  const failed = { value: 'off', reason: { kind: 'PREREQUISITE_FAILED', prerequisiteKey: 'g' } }

  it('holds at its variation, and fails at another, off, deleted or missing', () => {
    expect(decide([needing('g', 1), flag('g')])).toMatchObject({ value: 'on', reason: { kind: 'FALLTHROUGH' } })
    expect(decide([needing('g', 0), flag('g')])).toMatchObject(failed)
    expect(decide([needing('g', 0), flag('g', { on: false })])).toMatchObject(failed)
    expect(decide([needing('g', 1), flag('g', { deleted: true })])).toMatchObject(failed)
    expect(decide([needing('g', 1)])).toMatchObject(failed)
  })

  it('that failed where there is no off variation leaves the default, which is no error', () => {
    const { offVariation: _none, ...open } = needing('g', 1)
    expect(decide([open])).toMatchObject({ value: 'fallback', reason: failed.reason })
    const declared = declareFlags({ f: { variations: { off: 'off', on: 'on' }, default: 'on' } })
    expect(compileRuleset({ flags: { f: open } }).answer({ key: 'u' }, declared.all).decisions).toMatchObject([
      { value: 'on', variation: 'on', reason: 'PREREQUISITE_FAILED' },
    ])
  })

  it('that comes back to its flag is malformed, but not when nobody comes that far', () => {
    const back = flag('g', { prerequisites: [{ key: 'f', variation: 1 }] })
    expect(decide([needing('g', 1), back]).reason).toEqual(malformed)
    expect(decide([needing('f', 1)]).reason).toEqual(malformed)
    expect(decide([needing('g', 1), { ...back, on: false }])).toMatchObject(failed)
  })

  it('without a usable outcome fails; with a rule that cannot be read it takes its flag along', () => {
    expect(decide([needing('g', 1), flag('g', { fallthrough: { variation: 7 } })])).toMatchObject(failed)
    const unreadable = flag('g', { rules: [{ variation: 0, clauses: [{ op: 'in', attribute: '', values: [] }] }] })
    expect(decide([needing('g', 1), unreadable]).reason).toEqual(malformed)
    expect(decide([needing('g', 1), { key: 'g', version: 1, rules: 5 } as never]).reason).toEqual(malformed)
  })
})

describe('nesting', () => {
  it('of any depth and breadth ends, in an error at the worst', () => {
    const deep = Array.from({ length: 5000 }, (_, at) =>
      flag(at === 0 ? 'f' : `f${at}`, { prerequisites: [{ key: `f${at + 1}`, variation: 1 }] }),
    )
    expect(decide(deep).reason).toEqual(malformed)
    const broad = Array.from({ length: 60 }, (_, at) =>
      segment(`s${at}`, { rules: [{ clauses: [inSegment(`s${at + 1}`)] }, { clauses: [inSegment(`s${at + 1}`)] }] }),
    )
    expect(decide([ruled(inSegment('s0'))], broad).reason).toEqual(malformed)
  })

  it('goes by the keys under which items are stored, whatever they call themselves', () => {
    const flags = { f: flag('x', { prerequisites: [{ key: 'f', variation: 1 }] }) }
    expect(compileRuleset({ flags }).decide('f', { key: 'u' }, '').reason).toEqual(malformed)
  })
})

describe('a segment', () => {
  const matched = (one: Partial<SegmentData>, context?: EvaluationContext): boolean =>
    decide([ruled(inSegment('s'))], [segment('s', one)], context).value === 'on'

  it('has those who are included, not those who are excluded, and then those whom a rule finds', () => {
    const rules = [{ clauses: [{ attribute: 'plan', op: 'in', values: ['pro'] }] }]
    const pro = { key: 'u', plan: 'pro' }
    expect(matched({ included: ['u'], excluded: ['u'] })).toBe(true)
    expect(matched({ excluded: ['u'], rules }, pro)).toBe(false)
    expect(matched({ rules }, pro)).toBe(true)
    expect(matched({ rules })).toBe(false)
    expect(matched({ includedContexts: [{ contextKind: 'org', values: ['o'] }] }, { kind: 'org', key: 'o' })).toBe(true)
    expect(
      matched(
        { rules: [{ clauses: [] }], excludedContexts: [{ contextKind: 'org', values: ['o'] }] },
        { kind: 'org', key: 'o' },
      ),
    ).toBe(false)
  })

  it('that is deleted or missing has nobody in it, and negation is over all segments', () => {
    const none = { ...inSegment('nowhere', 's'), negate: true }
    expect(decide([ruled(none)], [segment('s', { deleted: true, included: ['u'] })]).value).toBe('on')
    expect(decide([ruled(none)], [segment('s', { included: ['u'] })]).value).toBe('off')
  })

  it('takes a share of those whom its rule finds, and never more than that', () => {
    const share = (weight: number): number =>
      Array.from({ length: 2000 }, (_, at) =>
        matched({ salt: 'x', rules: [{ clauses: [], weight }] }, { key: `u${at}` }),
      ).filter(Boolean).length
    expect([share(0), share(100_000)]).toEqual([0, 2000])
    expect(Math.abs(share(25_000) - 500)).toBeLessThan(100)
  })

  it('that comes back to itself is malformed, and so is one that departs from the model', () => {
    const back = segment('s', { rules: [{ clauses: [inSegment('t')] }] })
    expect(
      decide([ruled(inSegment('s'))], [back, segment('t', { rules: [{ clauses: [inSegment('s')] }] })]).reason,
    ).toEqual(malformed)
    const odd = { key: 's', version: 1, included: 'u' } as never
    expect(decide([ruled(inSegment('s'))], [odd]).reason).toEqual(malformed)
    expect(decide([ruled({ op: 'in', attribute: 'key', values: ['v'] }, inSegment('s'))], [odd]).value).toBe('off')
  })

  it('without bounds has its members elsewhere: its rules decide, and the reason says so', () => {
    const big = segment('s', { unbounded: true, generation: 1, included: ['u'] })
    const status = { bigSegmentsStatus: 'NOT_CONFIGURED' }
    expect(decide([ruled(inSegment('s'))], [big])).toMatchObject({
      value: 'off',
      reason: { kind: 'FALLTHROUGH', ...status },
    })
    const open = { ...big, rules: [{ clauses: [] }] }
    expect(decide([ruled(inSegment('s'))], [open])).toMatchObject({
      value: 'on',
      reason: { kind: 'RULE_MATCH', ...status },
    })
    expect(decide([ruled(inSegment('s'))], [open], { kind: 'org', key: 'o' }).reason).toEqual({ kind: 'FALLTHROUGH' })
    const above = flag('f', { prerequisites: [{ key: 'g', variation: 1 }] })
    expect(decide([above, { ...ruled(inSegment('s')), key: 'g' }], [big]).reason).toMatchObject({
      kind: 'PREREQUISITE_FAILED',
      ...status,
    })
  })
})

describe('a typed call', () => {
  it('refuses a value of another type, and leaves the default of a flag that is off alone', () => {
    const typed = (one: FlagData, type: 'boolean' | 'string' | 'number') =>
      compileRuleset({ flags: { f: one } }).decide('f', { key: 'u' }, 1, type)
    expect(typed(flag('f'), 'string')).toMatchObject({ value: 'on', variationIndex: 1 })
    expect(typed(flag('f'), 'number')).toEqual({
      value: 1,
      version: 1,
      reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' },
      bucketed: false,
      track: false,
    })
    const { offVariation: _none, ...off } = flag('f', { on: false })
    expect(typed(off, 'string').reason).toEqual({ kind: 'OFF' })
  })
})

it('a user of before there were kinds has attributes in `custom`', () => {
  const pro = ruled({ op: 'in', attribute: 'plan', values: ['pro'] })
  expect(decide([pro], [], { key: 'u', custom: { plan: 'pro' } }).value).toBe('on')
  expect(decide([pro], [], { kind: 'user', key: 'u', custom: { plan: 'pro' } }).value).toBe('off')
  expect(
    decide([ruled({ op: 'in', attribute: 'name', values: ['x'] })], [], { key: 'u', custom: { name: 'x' } }).value,
  ).toBe('off')
})

it('an operator that nobody knows matches nothing, so that its negation matches', () => {
  expect(decide([ruled({ op: 'sounds like', attribute: 'key', values: ['u'] })]).value).toBe('off')
  expect(decide([ruled({ op: 'sounds like', attribute: 'key', values: ['u'], negate: true })]).value).toBe('on')
})
