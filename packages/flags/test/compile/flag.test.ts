import type { EvaluationContext } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import { compileFlag } from '../../src/compile/flag.ts'
import type { Clause, FlagData } from '../../src/model.ts'

const flag = (more: Partial<FlagData>): FlagData => ({
  key: 'f',
  version: 1,
  on: true,
  variations: ['none', 'one', 'two'],
  fallthrough: { variation: 0 },
  ...more,
})
const decide = (data: FlagData, context: EvaluationContext) => compileFlag(data)(context)
const both = { kind: 'multi', user: { key: 'u-1' }, org: { key: 'o-1' } } as const

describe('context targets', () => {
  const targets = [{ variation: 1, values: ['u-1', 'u-2'] }]

  it('are taken in their order, each against its own kind', () => {
    const data = flag({
      contextTargets: [
        { contextKind: 'org', variation: 2, values: ['o-1'] },
        { contextKind: 'user', variation: 1, values: ['u-1'] },
      ],
    })
    expect(decide(data, both).variationIndex).toBe(2)
    expect(decide(data, { key: 'u-1' }).variationIndex).toBe(1)
    expect(decide(data, { kind: 'org', key: 'u-1' }).reason.kind).toBe('FALLTHROUGH')
  })

  it('of users borrow the keys of the same variation only when they have none of their own', () => {
    const borrowing = flag({ targets, contextTargets: [{ contextKind: 'user', variation: 1, values: [] }] })
    expect(decide(borrowing, { key: 'u-2' }).reason.kind).toBe('TARGET_MATCH')
    const owning = flag({ targets, contextTargets: [{ contextKind: 'user', variation: 1, values: ['u-3'] }] })
    expect(decide(owning, { key: 'u-3' }).reason.kind).toBe('TARGET_MATCH')
    expect(decide(owning, { key: 'u-2' }).reason.kind).toBe('FALLTHROUGH')
  })
})

describe('a rule', () => {
  const rule = (...clauses: Clause[]): FlagData => flag({ rules: [{ id: 'r', variation: 1, clauses }] })
  const clause = (more: Partial<Clause>): Clause => ({ attribute: 'key', op: 'in', values: ['u-1'], ...more })
  const no = clause({ values: ['somebody else'] })
  const malformed = clause({ contextKind: 'user', attribute: '/a~b' })

  it('is malformed only when its malformed clause is reached', () => {
    expect(decide(rule(malformed), { key: 'u-1' }).reason).toEqual({ kind: 'ERROR', errorKind: 'MALFORMED_FLAG' })
    expect(decide(rule(clause({}), malformed), { key: 'u-1' }).reason.kind).toBe('ERROR')
    expect(decide(rule(no, malformed), { key: 'u-1' }).reason.kind).toBe('FALLTHROUGH')
  })

  it('matches an array by any of its members, and negates the whole', () => {
    const plans = { key: 'u', plans: ['free', 'pro'] }
    expect(decide(rule(clause({ attribute: 'plans', values: ['pro'] })), plans).reason.kind).toBe('RULE_MATCH')
    const negated = clause({ attribute: 'plans', values: ['pro'], negate: true })
    expect(decide(rule(negated), plans).reason.kind).toBe('FALLTHROUGH')
    expect(decide(rule(negated), { key: 'u', plans: ['free'] }).reason.kind).toBe('RULE_MATCH')
  })

  it('reads the kind that its clause names, and `kind` itself as any that is there', () => {
    const org = clause({ contextKind: 'org', values: ['o-1'] })
    expect(decide(rule(org), both).reason.kind).toBe('RULE_MATCH')
    expect(decide(rule(org), { key: 'o-1' }).reason.kind).toBe('FALLTHROUGH')
    const kind = clause({ attribute: 'kind', values: ['org'] })
    expect(decide(rule(kind), both).reason.kind).toBe('RULE_MATCH')
    expect(decide(rule(kind), { key: 'org' }).reason.kind).toBe('FALLTHROUGH')
  })

  it('knows values by type, and nothing that the context only inherits', () => {
    const age = clause({ attribute: 'age', values: [5] })
    expect(decide(rule(age), { key: 'u', age: 5 }).reason.kind).toBe('RULE_MATCH')
    expect(decide(rule(age), { key: 'u', age: '5' }).reason.kind).toBe('FALLTHROUGH')
    // In JSON `1e999` is a number, larger than all others.
    const most = clause({ attribute: 'age', op: 'lessThanOrEqual', values: [Number.POSITIVE_INFINITY] })
    expect(decide(rule(most), { key: 'u', age: Number.POSITIVE_INFINITY }).reason.kind).toBe('RULE_MATCH')
    const inherited = clause({ attribute: 'constructor', negate: true })
    expect(decide(rule(inherited), { key: 'u' }).reason.kind).toBe('FALLTHROUGH')
  })

  it('takes `_meta` for a literal name only where there is no context kind', () => {
    const meta = clause({ attribute: '_meta' })
    expect(decide(rule(meta), { key: 'u-1' }).reason.kind).toBe('FALLTHROUGH')
    expect(decide(rule({ ...meta, contextKind: 'user' }), { key: 'u-1' }).reason.kind).toBe('ERROR')
  })
})
