import { compileRuleset, type FlagData } from '@waybill/flags'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { percentIn, withPercent } from '../src/flag-share.ts'
import { CODEDEPLOY_PRESETS } from '../src/presets.ts'
import { ADA, FLAG, PLAN, World } from './world.ts'

const SIDES = { control: 0, canary: 1 }

/** Who of these users has the canary, by the evaluator that edges run. */
function canaryUsers(flag: FlagData | undefined, users: readonly string[]): readonly string[] {
  if (flag === undefined) return []
  const ruleset = compileRuleset({ flags: { [flag.key]: flag } })
  return users.filter((key) => ruleset.decide(flag.key, { kind: 'user', key }, 'a').value === 'b')
}

const someUsers = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 30, maxLength: 200 })
/** Whole thousandths of a percent, as weights are. */
const somePercent = fc.integer({ min: 1, max: 100_000 }).map((weight) => weight / 1000)
const someFlag = fc
  .record({ salt: fc.string({ maxLength: 10 }), seed: fc.option(fc.nat()), isControlFirst: fc.boolean() })
  .map(({ salt, seed, isControlFirst }): FlagData => {
    const slots = [
      { variation: 1, weight: 0 },
      { variation: 0, weight: 100_000 },
    ]
    return { ...FLAG, salt, fallthrough: { rollout: { seed, variations: isControlFirst ? slots.reverse() : slots } } }
  })

/** The flag as somebody else left it: with a share for the canary, wherever it stands. */
function shared(flag: FlagData, percent: number): FlagData {
  const { rollout } = flag.fallthrough ?? {}
  const weightOf = (variation: number): number => (variation === 1 ? percent * 1000 : 100_000 - percent * 1000)
  const variations = (rollout?.variations ?? []).map(({ variation }) => ({
    variation,
    weight: Math.round(weightOf(variation)),
  }))
  return { ...flag, fallthrough: { rollout: { ...rollout, variations } } }
}

describe('on the real bucketing', () => {
  it('a user who is once in the canary stays there while it grows, also one who had it before', () => {
    fc.assert(
      fc.property(
        someFlag,
        someUsers,
        fc.array(somePercent, { minLength: 2, maxLength: 6 }),
        (flag, users, percents) => {
          const [first = 0, ...others] = percents.toSorted((a, b) => a - b)
          let next = shared(flag, first)
          let before = canaryUsers(next, users)
          for (const percent of others) {
            next = withPercent(next, SIDES, percent)
            const now = canaryUsers(next, users)
            expect(now).toEqual(expect.arrayContaining([...before]))
            before = now
          }
        },
      ),
    )
  })

  it('rolled back and resumed, the same users have it again', () => {
    fc.assert(
      fc.property(someFlag, someUsers, somePercent, (flag, users, percent) => {
        const first = withPercent(flag, SIDES, percent)
        const none = withPercent(first, SIDES, 0)
        expect(canaryUsers(none, users)).toEqual([])
        expect(canaryUsers(withPercent(none, SIDES, percent), users)).toEqual(canaryUsers(first, users))
      }),
    )
  })

  it('a percentage is read as it was written', () => {
    fc.assert(
      fc.property(someFlag, somePercent, (flag, percent) => {
        expect(percentIn(withPercent(flag, SIDES, percent), SIDES)).toBe(percent)
      }),
    )
  })

  it('a whole rollout takes nobody out, and its second attempt begins with the first one’s users', async () => {
    const users = Array.from({ length: 2_000 }, (_, index) => `user-${index}`)
    const world = new World()
    const now = async () => canaryUsers(await world.store.get('features', 'f'), users)
    const steps = CODEDEPLOY_PRESETS.LambdaLinear10PercentEvery1Minute
    await world.begin({ ...PLAN, steps, bakeMinutes: 5 })
    const first = await now()
    expect(first.length).toBeGreaterThan(140)
    expect(first.length).toBeLessThan(260)
    let before = first
    for (let minute = 0; minute < 12; minute += 1) {
      await world.tick(1)
      const canary = await now()
      expect(canary).toEqual(expect.arrayContaining([...before]))
      before = canary
    }
    expect(before.length).toBeGreaterThan(first.length * 2)
    await world.operator().rollBack('f', ADA)
    expect(await now()).toEqual([])
    await world.operator().resume('f', ADA)
    expect(await now()).toEqual(first)
  })
})
