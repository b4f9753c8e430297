import { compileRuleset, type NamedFlag } from '@waybill/flags'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { setRollout, weightOfPercent } from '../../src/edits/rollout.ts'

const flag: NamedFlag = {
  key: 'f',
  version: 1,
  on: true,
  salt: 's',
  variations: ['a', 'b', 'c'],
  offVariation: 0,
  fallthrough: { variation: 0 },
}
const weights = (of: NamedFlag): unknown =>
  of.fallthrough?.rollout?.variations.map(({ variation, weight }) => [variation, weight])

describe('a rollout', () => {
  it('takes its share from whoever had all', () => {
    expect(weights(setRollout(flag, { variation: 'b', percent: '10' }).flag)).toEqual([
      [1, 10_000],
      [0, 90_000],
    ])
  })

  it('shares the rest in the proportions of before', () => {
    const variations = [
      { variation: 0, weight: 60_000 },
      { variation: 1, weight: 10_000 },
      { variation: 2, weight: 30_000 },
    ]
    const { flag: next } = setRollout(
      { ...flag, fallthrough: { rollout: { variations } } },
      { variation: 'b', percent: '40' },
    )
    expect(weights(next)).toEqual([
      [0, 40_000],
      [1, 40_000],
      [2, 20_000],
    ])
  })

  it('keeps what else the rollout says: what it buckets by, its seed', () => {
    const rollout = { bucketBy: 'org', seed: 7, variations: [{ variation: 1, weight: 100_000 }] }
    const { flag: next } = setRollout({ ...flag, fallthrough: { rollout } }, { variation: 'b', percent: '50' })
    expect(next.fallthrough?.rollout).toMatchObject({ bucketBy: 'org', seed: 7 })
  })

  it('gives the rest to the off variation when nobody has it, and to whom it is told', () => {
    const all = { ...flag, fallthrough: { variation: 1 } }
    expect(weights(setRollout(all, { variation: 'b', percent: '90' }).flag)).toEqual([
      [1, 90_000],
      [0, 10_000],
    ])
    expect(weights(setRollout(all, { variation: 'b', percent: '90', rest: 'c' }).flag)).toEqual([
      [1, 90_000],
      [2, 10_000],
    ])
  })

  it('asks who gets the rest when there is no telling', () => {
    const { offVariation: _, ...noOff } = flag
    const alone = { ...noOff, fallthrough: { variation: 1 } }
    expect(() => setRollout(alone, { variation: 'b', percent: '90' })).toThrow('--rest')
    expect(() => setRollout(alone, { variation: 'b', percent: '90', rest: 'b' })).toThrow('cannot have its own rest')
  })

  it('leaves an experiment alone', () => {
    const rollout = { kind: 'experiment', variations: [{ variation: 1, weight: 100_000 }] } as const
    const edit = () => setRollout({ ...flag, fallthrough: { rollout } }, { variation: 'b', percent: '1' })
    expect(edit).toThrow(expect.objectContaining({ code: 'refused' }))
  })

  it('says that it is not seen while the flag is off, and that rules come first', () => {
    const { notes } = setRollout({ ...flag, on: false, rules: [{ variation: 0 }] }, { variation: 'b', percent: '1' })
    expect(notes.join(' ')).toMatch(/is off.*a rule still come/)
  })

  it('raised, moves nobody out of the variation, and lowered nobody in: from any rollout, to any percentage', () => {
    const everybody = Array.from({ length: 200 }, (_, index) => `user-${index}`)
    const inB = (of: NamedFlag): ReadonlySet<string> => {
      const ruleset = compileRuleset({ flags: { f: of } })
      return new Set(everybody.filter((key) => ruleset.decide('f', { key }, null).variationIndex === 1))
    }
    const percent = fc.integer({ min: 0, max: 100_000 }).map((weight) => String(weight / 1000))
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 })
    const shares = fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000), fc.nat(1000))
    fc.assert(
      fc.property(order, shares, percent, percent, (places, parts, first, second) => {
        const variations = places.map((variation, index) => ({ variation, weight: parts[index] ?? 0 }))
        const start = { ...flag, variations: ['a', 'b', 'c', 'd'], fallthrough: { rollout: { variations } } }
        const before = setRollout(start, { variation: 'b', percent: first }).flag
        const after = setRollout(before, { variation: 'b', percent: second }).flag
        const total = after.fallthrough?.rollout?.variations.reduce((sum, { weight }) => sum + weight, 0)
        expect(total).toBe(100_000)
        const [small, large] = Number(first) <= Number(second) ? [before, after] : [after, before]
        const inLarge = inB(large)
        expect([...inB(small)].filter((key) => !inLarge.has(key))).toEqual([])
      }),
    )
  })
})

describe('a percentage', () => {
  it.each([
    ['0', 0],
    ['10', 10_000],
    ['12.5%', 12_500],
    ['0.001', 1],
    ['100', 100_000],
  ])('%s is a weight of %i', (text, weight) => {
    expect(weightOfPercent(text)).toBe(weight)
  })

  it.each(['', '-1', '100.001', '101', 'ten', '1e1', '0.0001', 'NaN', '10 %', '٣'])('%j is none', (text) => {
    expect(() => weightOfPercent(text)).toThrow('is no percentage')
  })
})
