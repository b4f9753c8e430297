import { compileRuleset, type NamedFlag } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { addTargets, removeTargets } from '../../src/edits/target.ts'

const flag: NamedFlag = {
  key: 'f',
  version: 1,
  on: true,
  variations: [false, true],
  variationNames: ['control', 'canary'],
  fallthrough: { variation: 0 },
}
const decide = (of: NamedFlag, context: { key: string; kind?: string }): unknown =>
  compileRuleset({ flags: { f: of } }).decide('f', context, null).value

describe('targets', () => {
  it('give users a variation by name', () => {
    const { flag: next } = addTargets(flag, { variation: 'canary', keys: ['ada', 'bob'] })
    expect(decide(next, { key: 'ada' })).toBe(true)
    expect(decide(next, { key: 'eve' })).toBe(false)
  })

  it('take a user out of the other variations', () => {
    const { flag: first } = addTargets(flag, { variation: 'canary', keys: ['ada', 'bob'] })
    const { flag: next } = addTargets(first, { variation: 'control', keys: ['ada'] })
    expect(next.targets).toEqual([
      { variation: 1, values: ['bob'] },
      { variation: 0, values: ['ada'] },
    ])
  })

  it('of another kind do not hide those of users', () => {
    const { flag: first } = addTargets(flag, { variation: 'canary', keys: ['ada'] })
    const { flag: next } = addTargets(first, { variation: 'canary', keys: ['acme'], contextKind: 'org' })
    expect(decide(next, { key: 'ada' })).toBe(true)
    expect(decide(next, { kind: 'org', key: 'acme' })).toBe(true)
    expect(decide(next, { kind: 'org', key: 'ada' })).toBe(false)
  })

  it('of users count beside those of other kinds', () => {
    const { flag: first } = addTargets(flag, { variation: 'canary', keys: ['acme'], contextKind: 'org' })
    const { flag: next } = addTargets(first, { variation: 'canary', keys: ['ada'] })
    expect(decide(next, { key: 'ada' })).toBe(true)
    const { flag: moved } = addTargets(next, { variation: 'control', keys: ['ada'] })
    expect(decide(moved, { key: 'ada' })).toBe(false)
  })

  it('are added to the keys that a user entry of the context targets holds itself', () => {
    const own = { ...flag, contextTargets: [{ contextKind: 'user', variation: 1, values: ['bob'] }] }
    const { flag: next } = addTargets(own, { variation: 'canary', keys: ['ada'] })
    expect([decide(next, { key: 'ada' }), decide(next, { key: 'bob' })]).toEqual([true, true])
  })

  it('are removed from this variation only', () => {
    const { flag: first } = addTargets(flag, { variation: 'canary', keys: ['ada', 'bob'] })
    expect(removeTargets(first, { variation: 'canary', keys: ['ada'] }).flag.targets).toEqual([
      { variation: 1, values: ['bob'] },
    ])
    expect(removeTargets(first, { variation: 'control', keys: ['ada'] }).flag).toEqual(first)
  })

  it('need a key and a kind', () => {
    expect(() => addTargets(flag, { variation: 'canary', keys: [''] })).toThrow('empty')
    expect(() => addTargets(flag, { variation: 'canary', keys: ['a'], contextKind: 'multi' })).toThrow('no kind')
  })
})
