import { describe, expect, it, vi } from 'vitest'
import { checkedPlan } from '../src/plan.ts'
import { compareJudges, WEIGHTED_ALIAS } from '../src/simulation/compare.ts'
import { runRollout } from '../src/simulation/run.ts'
import { HARMLESS, type Scenario } from '../src/simulation/scenario.ts'
import { OURS } from '../src/simulation/watchers.ts'

const plan = checkedPlan({
  id: 'sim',
  flag: 'f',
  canary: 'canary',
  control: 'control',
  steps: [5, 10, 25, 50, 100].map((percent) => ({ percent, holdMinutes: percent === 100 ? 0 : 15 })),
  guardrails: [
    { kind: 'errored-users', alphaShare: 1 },
    { kind: 'unfinished', maxPercent: 5, minRequests: 10 },
  ],
})
// Hundreds of thousands of requests a test.
vi.setConfig({ testTimeout: 60_000 })
const RUNS = 60
const runsOf = (scenario: Scenario) => Array.from({ length: RUNS }, (_, run) => runRollout(plan, scenario, 500 + run))
const rolledBack = (scenario: Scenario): number =>
  runsOf(scenario).filter(({ outcome }) => outcome === 'rolled-back').length

// The full figures are made by `.ci/soak rollout`; this is the part that fits into every run.
describe('a harmless canary', () => {
  it.each<[string, Partial<Scenario>]>([
    ['with users whose errors repeat', { users: 2000, fragileErrorRate: 0.9 }],
    ['in an incident that hits everybody', { incident: { from: 20, to: 30, errorRate: 0.2 } }],
    ['with a handful of users', { users: 500, requestsPerMinute: 5 }],
    ['with consumers twenty minutes behind', { lagMinutes: 20 }],
    ['with testers whose canary fails half the time', { testers: { share: 0.01, errorRate: 0.5 } }],
    ['while consumers refuse most stamps', { lostStamps: { from: 15, to: 25, share: 0.8 } }],
    [
      'rolled back by hand and resumed, with old stamps arriving',
      { lagMinutes: 10, interruption: { rollBackAt: 20, resumeAt: 24 } },
    ],
  ])('is left alone %s', (_, change) => {
    // alpha is 0.02: four or more of sixty happen once in thirty such tests, and these seeds are fixed.
    expect(rolledBack({ ...HARMLESS, ...change })).toBeLessThanOrEqual(3)
  })
})

describe('a bad canary', () => {
  it.each([
    [5, 25],
    [20, 4],
  ])('of %i times the errors is rolled back, in the middle of all cases within %i minutes', (ratio, minutes) => {
    const runs = runsOf({ ...HARMLESS, ratio })
    expect(runs.filter(({ outcome }) => outcome === 'rolled-back')).toHaveLength(RUNS)
    expect(runs.map(({ minute }) => minute).toSorted((a, b) => a - b)[RUNS / 2]).toBeLessThanOrEqual(minutes)
  })

  it('that kills its process is seen by what never finished', () => {
    expect(rolledBack({ ...HARMLESS, kills: 0.3 })).toBe(RUNS)
  })
})

describe('the comparison of judges', () => {
  it('replays from its seed', () => {
    const options = { runs: 3, seed: 9, share: 0.1, alpha: 0.02 }
    expect(compareJudges({ ...HARMLESS, minutes: 20 }, options)).toEqual(
      compareJudges({ ...HARMLESS, minutes: 20 }, options),
    )
  })

  it('shows what an alarm on every minute does to harmless canaries', () => {
    const fared = compareJudges({ ...HARMLESS, minutes: 60 }, { runs: 30, seed: 1, share: 0.1, alpha: 0.02 })
    const byName = new Map(fared.map((one) => [one.judge, one.rolledBack]))
    expect(byName.get('alarm, 1 of 1')).toBeGreaterThan(0.6)
    expect(byName.get(OURS)).toBeLessThanOrEqual(0.1)
    expect(byName.has(WEIGHTED_ALIAS)).toBe(true)
  })
})
