import { createHash } from 'node:crypto'
import { declareFlags, type EvaluationContext } from '@waybill/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FlagData, Rollout } from '../src/model.ts'
import { compileRuleset } from '../src/ruleset.ts'

const flag = (more: Partial<FlagData>): FlagData => ({
  key: 'f',
  version: 4,
  on: true,
  salt: 'salt',
  variations: [false, true],
  fallthrough: { variation: 0 },
  ...more,
})
const decide = (data: FlagData, context: EvaluationContext) =>
  compileRuleset({ flags: { f: data } }).decide('f', context, 'fallback')
const percent = (canary: number, more: Partial<Rollout> = {}): FlagData =>
  flag({
    fallthrough: {
      rollout: {
        variations: [
          { variation: 1, weight: canary * 1000 },
          { variation: 0, weight: 100_000 - canary * 1000 },
        ],
        ...more,
      },
    },
  })

describe('a flag is decided by', () => {
  it('its off variation when it is off, or by the caller’s default when it has none', () => {
    expect(decide(flag({ on: false, offVariation: 1 }), { key: 'u' })).toMatchObject({
      value: true,
      reason: { kind: 'OFF' },
    })
    expect(decide(flag({ on: false }), { key: 'u' })).toMatchObject({ value: 'fallback', reason: { kind: 'OFF' } })
  })

  it('a target before any rule', () => {
    const data = flag({ targets: [{ values: ['u-1'], variation: 1 }], rules: [{ variation: 0, clauses: [] }] })
    expect(decide(data, { key: 'u-1' }).reason).toEqual({ kind: 'TARGET_MATCH' })
    expect(decide(data, { key: 'u-2' }).reason.kind).toBe('RULE_MATCH')
    expect(decide(data, { kind: 'org', key: 'u-1' }).reason.kind).toBe('RULE_MATCH')
  })

  it('the first rule whose clauses all match', () => {
    const clause = (attribute: string, values: string[], negate = false) => ({ attribute, op: 'in', values, negate })
    const data = flag({
      rules: [
        { id: 'both', variation: 1, clauses: [clause('country', ['de', 'fr']), clause('plan', ['free'], true)] },
        { id: 'any', variation: 0, clauses: [clause('plan', ['free'])] },
      ],
    })
    expect(decide(data, { key: 'u', country: 'de', plan: 'pro' }).reason).toMatchObject({
      ruleIndex: 0,
      ruleId: 'both',
    })
    expect(decide(data, { key: 'u', country: 'de', plan: 'free' }).reason).toMatchObject({ ruleIndex: 1 })
    // A missing attribute is no match, negated or not.
    expect(decide(data, { key: 'u', country: 'de' }).reason).toEqual({ kind: 'FALLTHROUGH' })
  })

  it('nothing wrong: what cannot be evaluated is an error, and takes no other flag down', () => {
    const bad: Partial<FlagData>[] = [
      { fallthrough: { variation: 9 } },
      { fallthrough: {} },
      { fallthrough: { rollout: { variations: [] } } },
      { rules: [{ variation: 1, clauses: [{ contextKind: 'user', attribute: '//', op: 'matches', values: ['x'] }] }] },
      { prerequisites: [{ key: 'f', variation: 0 }] },
      { on: false, offVariation: 7 },
    ]
    for (const more of bad) {
      const ruleset = compileRuleset({ flags: { f: flag(more), good: flag({ key: 'good' }) } })
      expect(ruleset.decide('f', { key: 'u' }, 'fallback')).toMatchObject({
        value: 'fallback',
        reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' },
      })
      expect(ruleset.decide('good', { key: 'u' }, 'fallback').value).toBe(false)
    }
    expect(compileRuleset({ flags: {} }).decide('f', { key: 'u' }, 1).reason.errorKind).toBe('FLAG_NOT_FOUND')
    expect(decide(flag({}), { key: '' }).reason.errorKind).toBe('USER_NOT_SPECIFIED')
  })
})

it('an evaluation belongs to everybody, so nobody can change it', () => {
  const ruleset = compileRuleset({ flags: { f: flag({}), off: flag({ key: 'off', on: false }) } })
  const [one] = [...ruleset.decideAll({ key: 'u' }).values()]
  expect(ruleset.decide('f', { key: 'v' }, true)).toBe(one)
  for (const each of [
    one,
    one?.reason,
    ruleset.decide('off', { key: 'u' }, 1),
    ruleset.decide('nowhere', { key: 'u' }, 1),
  ]) {
    expect(Object.isFrozen(each)).toBe(true)
  }
})

describe('a percentage rollout', () => {
  const canary = (data: FlagData, key: string): boolean => decide(data, { key }).value === true

  it('falls where the published algorithm says: 15 digits of sha1 over key.salt.user', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 99 }), (key, percentage) => {
        const digits = createHash('sha1').update(`f.salt.${key}`).digest('hex').slice(0, 15)
        const bucket = Number(BigInt(`0x${digits}`)) / Number(0xfffffffffffffffn)
        expect(canary(percent(percentage), key)).toBe(bucket < percentage / 100)
      }),
    )
  })

  it('grows: whoever is in the canary stays there, and comes back after a rollback', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        (key, a, b) => {
          const [low, high] = a < b ? [a, b] : [b, a]
          if (canary(percent(low), key)) expect(canary(percent(high), key)).toBe(true)
        },
      ),
    )
  })

  it('touches about the share of users that it says', () => {
    const users = Array.from({ length: 20_000 }, (_, index) => `user-${index}`)
    for (const percentage of [1, 10, 50]) {
      const share = users.filter((user) => canary(percent(percentage), user)).length / users.length
      expect(Math.abs(share - percentage / 100)).toBeLessThan(0.01)
    }
  })

  it('says whether the bucket decided: not at 0 or 100 %, not without the kind, not by a target', () => {
    const org = percent(50, { contextKind: 'org' })
    expect(decide(percent(50), { key: 'u' }).bucketed).toBe(true)
    expect(decide(percent(100), { key: 'u' })).toMatchObject({ value: true, bucketed: false })
    expect(decide(percent(0), { key: 'u' })).toMatchObject({ value: false, bucketed: false })
    // Without the kind the bucket is 0, which is the first variation's.
    expect(decide(org, { key: 'u' })).toMatchObject({ value: true, bucketed: false })
    expect(decide({ ...percent(50), targets: [{ values: ['u'], variation: 1 }] }, { key: 'u' }).bucketed).toBe(false)
  })

  it('does not say so of a rule’s percentage: a judge would hold these users against the flag’s own', () => {
    const { rollout } = percent(50).fallthrough ?? {}
    const rules = [{ clauses: [{ attribute: 'key', op: 'in', values: ['u'] }], ...(rollout ? { rollout } : {}) }]
    expect(decide({ ...percent(10), rules }, { key: 'u' })).toMatchObject({
      reason: { kind: 'RULE_MATCH' },
      bucketed: false,
    })
  })

  it('follows another attribute, a seed, and an experiment’s own rules', () => {
    const byOrg = percent(50, { bucketBy: 'org' })
    const orgs = ['a', 'b', 'c', 'd', 'e', 'f'].map((org) => decide(byOrg, { key: String(Math.random()), org }).value)
    expect(new Set(orgs).size).toBe(2)
    expect(decide(byOrg, { key: 'x', org: 1.5 }).bucketed).toBe(false)
    const seeded = Array.from({ length: 50 }, (_, seed) => decide(percent(50, { seed }), { key: 'u' }).value)
    expect(new Set(seeded).size).toBe(2)
    const experiment = decide(percent(50, { kind: 'experiment', bucketBy: 'org' }), { key: 'u', org: 'a' })
    expect(experiment).toMatchObject({
      reason: { inExperiment: true },
      track: true,
      value: decide(percent(50), { key: 'u' }).value,
    })
  })
})

describe('variation names', () => {
  const sizes = flag({ key: 'sizes', variations: ['s', 'l', { w: 1 }, '', 'two words'], fallthrough: { variation: 1 } })

  it('are the declared ones, found by value, wherever the list has them', () => {
    const declared = declareFlags({ sizes: { variations: { large: 'l', small: 's' }, default: 'small' } })
    const { decisions } = compileRuleset({ flags: { sizes } }).answer({ key: 'u' }, declared.all)
    expect(decisions).toMatchObject([{ value: 'l', variation: 'large', version: 4, reason: 'FALLTHROUGH' }])
  })

  it('otherwise the value as text, or the place in the list', () => {
    const named = (variation: number) =>
      compileRuleset({ flags: { sizes: { ...sizes, fallthrough: { variation } } } }).decide('sizes', { key: 'u' }, '')
        .variation
    expect([0, 1, 2, 3, 4].map(named)).toEqual(['s', 'l', 'v2', 'v3', 'v4'])
  })
})
