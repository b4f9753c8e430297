import { declareFlags, type EvaluationContext } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import { memorySource } from '../../src/sources/memory.ts'

const declared = declareFlags({
  f: { variations: { control: 'blue', canary: 'green', beta: 'red' }, default: 'control' },
})
const named = { control: 'blue', canary: 'green', beta: 'red' }
const setUp = () => {
  const source = memorySource()
  const decided = (context: EvaluationContext) => {
    const answer = source.decide(context, declared.all)
    const one = 'decisions' in answer ? answer.decisions[0] : undefined
    return one && ('variation' in one ? [one.variation, one.reason] : one.cause)
  }
  const inCanary = () =>
    Array.from({ length: 500 }, (_, at) => `u${at}`).filter((key) => decided({ key })?.[0] === 'canary')
  return { source, decided, inCanary }
}

it('a memory source counts versions up as it is updated', () => {
  const { source, decided } = setUp()
  expect(decided({ key: 'u' })).toBe('flag_not_found')
  source.update({ key: 'f', on: true, variations: ['blue', 'green'], fallthrough: { variation: 1 } })
  source.update({ key: 'f', on: true, variations: ['blue', 'green'], fallthrough: { variation: 1 } })
  expect(decided({ key: 'u' })).toEqual(['canary', 'FALLTHROUGH'])
  expect(source.data.flags['f']?.version).toBe(2)
})

describe('the builder of a memory source', () => {
  it('starts with the first variation for everybody, and knows off and on where no others are named', () => {
    const { source, decided } = setUp()
    source.flag('f', named)
    expect(decided({ key: 'u' })).toEqual(['control', 'FALLTHROUGH'])
    expect(source.flag('switch').everybody('on').data).toMatchObject({ variations: [false, true], version: 2 })
    expect(source.flag('switch').everybody('off').data.fallthrough).toEqual({ variation: 0 })
  })

  it('takes a share of everybody, from which raising it moves nobody', () => {
    const { source, decided, inCanary } = setUp()
    source.flag('f', named).percentage('canary', 10)
    const few = inCanary()
    source.flag('f').percentage('canary', 50)
    expect(few.length).toBeGreaterThan(20)
    expect(new Set(inCanary())).toEqual(new Set([...inCanary(), ...few]))
    source.flag('f').percentage('canary', 0, 'beta')
    expect(decided({ key: 'u' })).toEqual(['beta', 'FALLTHROUGH'])
  })

  it('targets keys of any kind, and moves a key that is targeted again', () => {
    const { source, decided } = setUp()
    source.flag('f', named).target('canary', ['u-1', 'u-2']).target('canary', 'o-1', 'org').target('beta', 'u-2')
    expect(decided({ key: 'u-1' })).toEqual(['canary', 'TARGET_MATCH'])
    expect(decided({ key: 'u-2' })).toEqual(['beta', 'TARGET_MATCH'])
    expect(decided({ kind: 'org', key: 'o-1' })).toEqual(['canary', 'TARGET_MATCH'])
    expect(decided({ kind: 'org', key: 'u-1' })).toEqual(['control', 'FALLTHROUGH'])
    source.flag('f').target('control', 'o-1', 'org').target('control', 'u-1')
    expect(decided({ kind: 'org', key: 'o-1' })).toEqual(['control', 'TARGET_MATCH'])
    expect(decided({ key: 'u-1' })).toEqual(['control', 'TARGET_MATCH'])
  })

  it('adds rules, which may ask for segments, and turns off and on', () => {
    const { source, decided } = setUp()
    source.updateSegment({ key: 'testers', included: ['u-1'] })
    source
      .flag('f', named)
      .rule('canary', { op: 'segmentMatch', values: ['testers'] })
      .rule('beta', { attribute: 'plan', op: 'in', values: ['pro'] })
    expect(decided({ key: 'u-1', plan: 'pro' })).toEqual(['canary', 'RULE_MATCH'])
    expect(decided({ key: 'u-2', plan: 'pro' })).toEqual(['beta', 'RULE_MATCH'])
    source.flag('f').off('beta')
    expect(decided({ key: 'u-1' })).toEqual(['beta', 'OFF'])
    source.flag('f').on()
    expect(decided({ key: 'u-1' })).toEqual(['canary', 'RULE_MATCH'])
  })

  it('goes on from data that was there, and names values where nobody named them', () => {
    const flag = { key: 'f', version: 7, on: false, variations: ['blue', 'green'], offVariation: 0, salt: 'x' }
    const source = memorySource({ flags: { f: flag } })
    expect(source.flag('f').data).toBe(flag)
    expect(source.flag('f').everybody('green').on().data).toEqual({
      ...flag,
      version: 9,
      on: true,
      fallthrough: { variation: 1 },
    })
  })

  it.each(['constructor', '__proto__'])('takes %s for a flag’s key like any other', (key) => {
    const { source } = setUp()
    expect(source.flag(key).everybody('on').data).toMatchObject({ key, variations: [false, true], version: 2 })
    expect(Object.keys(source.data.flags)).toEqual([key])
  })

  it('refuses a variation that the flag has not, and what is no percentage', () => {
    const { source } = setUp()
    const code = expect.objectContaining({ code: 'bad_flag_data' })
    expect(() => source.flag('f', named).everybody('purple')).toThrow(code)
    expect(() => source.flag('f').percentage('canary', 101)).toThrow(code)
    expect(() => source.flag('f').percentage('canary', Number.NaN)).toThrow(code)
    expect(() => source.flag('alone', { only: 1 }).percentage('only', 50)).toThrow(code)
  })
})
