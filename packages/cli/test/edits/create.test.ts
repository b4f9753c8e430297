import { namesOf } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { createFlag } from '../../src/edits/create.ts'
import { turnOff } from '../../src/edits/switch.ts'
import { indexOfVariation, nameVariations } from '../../src/edits/variation.ts'

describe('a new flag', () => {
  it('is off, and serves control when it is off', () => {
    expect(createFlag({ key: 'f' }, 'salt')).toEqual({
      key: 'f',
      version: 0,
      on: false,
      salt: 'salt',
      variations: [false, true],
      variationNames: ['control', 'canary'],
      offVariation: 0,
      fallthrough: { variation: 0 },
    })
  })

  it('has the variations that it is given, as JSON or as text', () => {
    const flag = createFlag({ key: 'f', variations: ['old={"url":"a=b"}', 'new={"url":"c"}'], fallthrough: 'new' }, 's')
    expect(flag).toMatchObject({ variations: [{ url: 'a=b' }, { url: 'c' }], fallthrough: { variation: 1 } })
    expect(createFlag({ key: 'f', variations: ['red', 'blue'] }, 's').variationNames).toEqual(['red', 'blue'])
  })

  it.each([
    [{ key: 'no spaces' }, 'no flag key'],
    [{ key: 'f', variations: ['one'] }, 'two variations'],
    [{ key: 'f', variations: ['a=1', 'b=text'] }, 'one kind'],
    [{ key: 'f', variations: ['a=1', 'a=2'] }, 'called "a"'],
    [{ key: 'f', variations: ['a={', 'b={}'] }, 'not JSON'],
    [{ key: 'f', off: 'blue' }, 'no variation "blue"'],
  ])('is refused as %j', (edit, why) => {
    expect(() => createFlag(edit, 's')).toThrow(why)
  })
})

describe('a variation', () => {
  const flag = { key: 'f', version: 1, variations: ['x', { a: 1 }, 'x'], variationNames: ['one', '', 'v1'] }

  it('is found by its name, its value or its place, and a name goes before a place', () => {
    expect(namesOf(flag)).toEqual(['one', 'v1', 'v1'])
    expect(indexOfVariation(flag, 'one')).toBe(0)
    expect(indexOfVariation({ ...flag, variationNames: ['one', 'two', 'v1'] }, 'v1')).toBe(2)
    expect(indexOfVariation(flag, 'v2')).toBe(2)
  })

  it('that two share is asked for', () => {
    expect(() => indexOfVariation(flag, 'x')).toThrow('two variations')
    expect(() => indexOfVariation(flag, 'y')).toThrow('it has one, v1, v1')
  })
})

describe('names', () => {
  const flag = { key: 'f', version: 1, variations: [false, true] }

  it('are given to all variations at once', () => {
    const { flag: named } = nameVariations(flag, ['control', 'canary'])
    expect(indexOfVariation(named, 'canary')).toBe(1)
    expect(indexOfVariation(named, 'true')).toBe(1)
  })

  it.each([[['one']], [['a', 'a']], [['a b', 'c']], [['', 'c']]])('%j are refused', (names) => {
    expect(() => nameVariations(flag, names)).toThrow(expect.objectContaining({ code: 'bad_input' }))
  })
})

it('turning off touches nothing that a malformed flag may lack, and says where no off variation is', () => {
  const { flag, notes } = turnOff({ key: 'f', version: 1, rules: 'none' as never })
  expect(flag).toEqual({ key: 'f', version: 1, on: false, rules: 'none' })
  expect(notes.join()).toContain('no off variation')
})
