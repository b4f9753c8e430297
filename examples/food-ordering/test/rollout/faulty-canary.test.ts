import { beforeAll, describe, expect, it } from 'vitest'
import { planOf } from '../../src/rollout/plan.ts'
import { type ActResult, type RolloutsResult, runRollouts } from '../../src/rollout/run-rollouts.ts'

/** An inner function fails for half of the canary's users: it evaluates nothing, and sees no context. */
const BUGS = { 'notify-user': { kind: 'error', share: 0.5, hits: 'users' } } as const
const STEPS = [10, 25, 50, 100].map((percent) => ({ percent, holdMinutes: 2 }))

let result: RolloutsResult
let act: ActResult

beforeAll(async () => {
  result = await runRollouts({
    users: 400,
    rate: 20,
    seed: 1,
    signal: new AbortController().signal,
    say: () => undefined,
    acts: [{ plan: planOf('bad', { steps: STEPS }), title: 'bad', bugs: BUGS }],
  })
  act = result.acts[0] as ActResult
  const { usersHurt, usersOnCanary, ordersRecalled } = act.truth
  console.log(
    `A faulty canary, ${act.outcome.replace('-', ' ')} in minute ${act.minutes}: ${usersHurt} users hurt of ${usersOnCanary} who had it and ` +
      `${result.users} in all; ${ordersRecalled} of its orders were recalled in flight.`,
  )
}, 120_000)

describe('a canary whose inner function fails', () => {
  it('is rolled back by the judge, for the users who met errors', () => {
    expect(act.outcome).toBe('rolled-back')
    const last = act.ticks.at(-1)
    expect(last).toMatchObject({ verdict: 'roll-back', percent: 0 })
    expect(last?.why).toMatch(/^\d+ users of canary and 0 of control met an error: evidence /)
    expect(act.ticks.slice(0, -1).filter(({ verdict }) => verdict === 'roll-back')).toEqual([])
    expect(result.percent).toBe(0)
  })

  it('hurts few users, and each of them is counted once', () => {
    expect(act.truth.usersHurt).toBeGreaterThan(0)
    expect(act.truth.usersHurt).toBeLessThan(act.truth.usersOnCanary)
    expect(act.counted).toEqual({ canary: act.truth.usersHurt, control: 0 })
    // Between its last reading and the recall a few more may be hurt.
    expect(act.judged.canary).toBeLessThanOrEqual(act.counted.canary)
    expect(act.judged.canary).toBeGreaterThan(0)
  })

  it('is recalled from messages in flight: what failed comes to a good end as control', () => {
    expect(act.truth.ordersRecalled).toBeGreaterThan(0)
    expect(act.truth.ordersHurt).toBeGreaterThan(0)
    expect(act.truth.ordersHealed).toBe(act.truth.ordersHurt)
    expect(result.settled).toBe(true)
    expect(act.truth.canaryAfterRecall).toBe(0)
    expect(act.truth.placedAfterRollback).toBe(0)
  })

  it('leaves each step in the audit trail, with who, why, and the flag’s version', () => {
    const actions = (kind: string) => act.audit.filter((entry) => entry.kind === kind).map(({ action }) => action)
    const steps = act.ticks.filter(({ verdict }) => verdict === 'advance').length
    const percents = [0, ...STEPS.slice(0, steps + 1).map(({ percent }) => percent), 0]
    expect(actions('rollouts')).toEqual([
      'start bad',
      ...percents.slice(1, -2).map((from, index) => `step ${index + 2} of 4: ${from} % -> ${percents[index + 2]} %`),
      'roll back',
    ])
    expect(actions('features')).toEqual(
      percents.slice(1).map((to, index) => `rollout bad: ${percents[index]} % -> ${to} %`),
    )
    expect(actions('recalls')).toEqual(['recall'])
    const versions = act.audit.filter(({ kind }) => kind === 'features').map(({ version }) => version)
    expect(versions).toEqual(versions.map((_, index) => (versions[0] ?? 0) + index))
    const [start, ...others] = act.audit.filter(({ kind }) => kind === 'rollouts')
    expect(start).toMatchObject({ who: 'you', comment: 'a rollout to watch' })
    for (const { who, comment } of others)
      expect(`${who}: ${comment}`).toMatch(/^rollout controller: (advance|roll-back): /)
    expect(others.at(-1)?.comment).toContain(act.ticks.at(-1)?.why)
  })
})
