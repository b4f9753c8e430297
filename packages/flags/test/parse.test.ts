import { declareFlags } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import { flagFault } from '../src/parse.ts'
import { compileRuleset } from '../src/ruleset.ts'

const sound = { key: 'f', version: 1, on: true, variations: [false, true], fallthrough: { variation: 1 } }
const clause = { attribute: 'plan', op: 'in', values: ['pro'] }

const malformed: readonly (readonly [what: string, data: unknown])[] = [
  ['nothing at all', null],
  ['a text', 'f'],
  ['a list', [sound]],
  ['no version', { ...sound, version: undefined }],
  ['a text for a switch', { ...sound, on: 'false' }],
  ['variations that are no list', { ...sound, variations: { 0: false } }],
  ['an off variation that is no number', { ...sound, on: false, offVariation: '1' }],
  ['rules that are no list', { ...sound, rules: {} }],
  ['a rule that is nothing', { ...sound, rules: [null] }],
  ['clauses that are no list', { ...sound, rules: [{ clauses: {}, variation: 0 }] }],
  ['a clause that is nothing', { ...sound, rules: [{ clauses: [null], variation: 0 }] }],
  ['values that are no list', { ...sound, rules: [{ clauses: [{ ...clause, values: 'pro' }], variation: 0 }] }],
  ['an attribute that is no text', { ...sound, rules: [{ clauses: [{ ...clause, attribute: 5 }], variation: 0 }] }],
  ['targets that are no list', { ...sound, targets: {} }],
  ['a target that is nothing', { ...sound, contextTargets: [null] }],
  ['target keys that are no list', { ...sound, targets: [{ variation: 0, values: 'u' }] }],
  ['a rollout without a list', { ...sound, fallthrough: { rollout: { variations: {} } } }],
  [
    'a weight that is a text',
    { ...sound, fallthrough: { rollout: { variations: [{ variation: 0, weight: '50000' }] } } },
  ],
  ['a prerequisite that is nothing', { ...sound, prerequisites: [null] }],
]

describe('flag data that departs from the model', () => {
  it.each(malformed)('with %s decides malformed_flag, and its neighbour is decided all the same', (_what, data) => {
    const ruleset = compileRuleset({ flags: { f: data as never, sound } })
    const variations = { off: false, on: true }
    const flags = declareFlags({ f: { variations, default: 'off' }, sound: { variations, default: 'off' } })
    expect(ruleset.decide('f', { key: 'u' }, 'fallback')).toMatchObject({
      value: 'fallback',
      reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' },
    })
    expect(ruleset.answer({ key: 'u' }, flags.all).decisions).toMatchObject([
      { cause: 'malformed_flag' },
      { value: true, variation: 'on', version: 1, reason: 'FALLTHROUGH' },
    ])
  })

  it('is named by where it departs', () => {
    expect(flagFault(sound)).toBeUndefined()
    expect(flagFault({ ...sound, rules: [{ clauses: [clause, { ...clause, op: 1 }] }] })).toBe(
      'flag.rules[0].clauses[1].op is no string',
    )
  })
})

it('null stands for absence, as Go writes empty lists', () => {
  const nulls = { targets: null, contextTargets: null, rules: null, prerequisites: null, offVariation: null }
  const ruleset = compileRuleset({ flags: { f: { ...sound, ...nulls } as never } })
  expect(ruleset.decide('f', { key: 'u' }, false)).toMatchObject({ value: true, reason: { kind: 'FALLTHROUGH' } })
})

it('without a subject nothing is decided, not even what all would get', () => {
  const flags = declareFlags({ sound: { variations: { off: false, on: true }, default: 'off' } })
  for (const context of [{ key: '' }, {}, undefined, { kind: 'multi' }]) {
    const { decisions } = compileRuleset({ flags: { sound } }).answer(context as never, flags.all)
    expect(decisions).toEqual([{ cause: 'no_subject' }])
  }
})

it('a deleted flag is not found', () => {
  const ruleset = compileRuleset({ flags: { f: { ...sound, deleted: true } } })
  expect(ruleset.decide('f', { key: 'u' }, false).reason.errorKind).toBe('FLAG_NOT_FOUND')
})
