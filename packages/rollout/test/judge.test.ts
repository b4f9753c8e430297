import { describe, expect, it } from 'vitest'
import type { MinuteCounts } from '../src/guardrails.ts'
import { resumed } from '../src/interventions.ts'
import { judge, type Observations } from '../src/judge.ts'
import { checkedPlan, type RolloutPlan } from '../src/plan.ts'
import { percentageAt } from '../src/schedule.ts'
import { type RolloutState, startState, type UserCount } from '../src/state.ts'
import { tick } from '../src/transition.ts'

const MINUTE = 60_000
const planOf = (change: Partial<RolloutPlan> = {}) =>
  checkedPlan({
    id: 'r',
    flag: 'f',
    canary: 'canary',
    control: 'control',
    steps: [
      { percent: 10, holdMinutes: 5 },
      { percent: 50, holdMinutes: 5 },
      { percent: 100, holdMinutes: 0 },
    ],
    ...change,
  })
const plan = planOf()
const at = (version: number, percent: number, state: RolloutState = startState(plan, 0)): RolloutState => ({
  ...state,
  percentByVersion: { ...state.percentByVersion, [version]: percent },
})
const errors = (canary: number, control: number, version = 2): readonly UserCount[] => [
  { kind: 'error', variation: 'canary', version, users: canary },
  { kind: 'error', variation: 'control', version, users: control },
]
const seen = (canary: number, control: number, version = 2): readonly UserCount[] =>
  [...errors(canary, control, version)].map((one) => ({ ...one, kind: 'seen' }))
/** The canary at work, and nothing amiss. */
const alive = (minute: number): MinuteCounts => ({
  minuteMs: (minute - 1) * MINUTE,
  started: 1,
  finished: 1,
  errors: 0,
})
const observed = (
  minute: number,
  users: Observations['users'] = [],
  minutes: Observations['minutes'] = [alive(minute)],
) => ({ untilMs: minute * MINUTE, users, minutes })
const words = (findings: readonly { readonly words: string }[]): string => findings.map((one) => one.words).join('; ')

describe('the judge', () => {
  it('holds until the step’s time is over, then advances', () => {
    expect(judge(plan, at(2, 10), observed(4)).verdict).toBe('hold')
    expect(judge(plan, at(2, 10), observed(5)).verdict).toBe('advance')
  })

  it('rolls back when more of the canary’s users are hit than its share explains, and says so in numbers', () => {
    const { verdict, findings } = judge(plan, at(2, 10), observed(3, errors(9, 3)))
    expect(verdict).toBe('roll-back')
    expect(words(findings)).toMatch(/9 users of canary and 3 of control met an error: evidence .*, limit 50\.0/)
  })

  it('does not mind an incident that hits everybody', () => {
    expect(judge(plan, at(2, 10), observed(3, errors(50, 450))).verdict).toBe('hold')
  })

  it('counts what it saw before no second time', () => {
    const once = judge(plan, at(2, 10), observed(3, errors(3, 4)))
    const again = judge(plan, once.state, observed(3, errors(3, 4)))
    expect(again.state).toEqual(once.state)
    expect(again.findings).toEqual(once.findings)
  })

  it('takes nothing back when an older total is read', () => {
    const later = judge(plan, at(2, 10), observed(3, errors(3, 4)))
    const older = judge(plan, later.state, observed(4, errors(2, 4)))
    const back = judge(plan, older.state, observed(5, errors(3, 4)))
    expect(back.state.evidence).toEqual(later.state.evidence)
  })

  it('judges late stamps by the share of their own version', () => {
    // Nine of ten by the canary is to be expected at 90 %, and damning at 10 %.
    const late = at(3, 90, at(2, 10))
    expect(judge(plan, late, observed(3, errors(9, 1, 3))).verdict).toBe('hold')
    expect(judge(plan, late, observed(3, errors(9, 1, 2))).verdict).toBe('roll-back')
  })

  it('ignores versions that are not of this attempt', () => {
    expect(judge(plan, at(7, 10), observed(3, errors(40, 0, 2))).verdict).toBe('hold')
  })

  it('splits alpha: half of it needs twice the evidence', () => {
    const half = planOf({
      guardrails: [
        { kind: 'errored-users', alphaShare: 0.5 },
        { kind: 'slow-users', alphaShare: 0.5 },
      ],
    })
    expect(words(judge(half, at(2, 10), observed(1)).findings)).toMatch(/limit 100/)
    const slow = errors(12, 3).map((one): UserCount => ({ ...one, kind: 'slow' }))
    const { verdict, findings } = judge(half, at(2, 10), observed(3, slow))
    expect(verdict).toBe('roll-back')
    expect(words(findings)).toContain('12 users of canary and 3 of control were slow')
  })

  it('holds when affected users cannot be read, however long the step was', () => {
    const { verdict, findings, state } = judge(plan, at(2, 10), { untilMs: 60 * MINUTE, users: undefined, minutes: [] })
    expect(verdict).toBe('hold')
    expect(words(findings)).toContain('could not be read')
    expect(state.judgedUntilMs).toBe(0)
  })

  it('holds when users did not fall to the variations as decided', () => {
    const { verdict, findings } = judge(planOf(), at(2, 50), observed(6, seen(900, 1100)))
    expect(verdict).toBe('hold')
    expect(words(findings)).toContain('stamps are lost')
  })

  it('holds when nobody is heard of with the canary, however long the step was', () => {
    const { verdict, findings } = judge(plan, at(2, 10), observed(60, [], []))
    expect(verdict).toBe('hold')
    expect(words(findings)).toContain('nobody was heard of with canary')
  })

  it('does not take what was heard before a step for a sign of life in it', () => {
    const second = { ...at(3, 50, at(2, 10)), step: 1, stepSinceMs: 10 * MINUTE }
    expect(judge(plan, second, observed(30, seen(9, 81, 2), [alive(5)])).verdict).toBe('hold')
    expect(judge(plan, second, observed(30, seen(9, 9, 3), [])).verdict).toBe('advance')
    expect(judge(plan, second, observed(30, [], [alive(12)])).verdict).toBe('advance')
  })

  it('takes the time alone for everybody’s step where attempts are not read: nobody is counted then', () => {
    const last = { ...at(4, 100), step: 2, phase: 'baking' as const }
    const quiet = { untilMs: 60 * MINUTE, users: [], minutes: undefined }
    expect(judge(plan, last, quiet).verdict).toBe('complete')
    expect(judge(plan, last, { ...quiet, minutes: [] }).verdict).toBe('hold')
  })

  it('says whom it cannot judge, and judges the others', () => {
    const { verdict, findings } = judge(
      plan,
      at(4, 10, at(2, 10)),
      observed(1, [...errors(9, 2, 2), ...errors(5, 1, 3)]),
    )
    expect(verdict).toBe('roll-back')
    expect(words(findings)).toContain('6 affected users are of flag versions 3, which are not judged')
  })

  it('waits for enough users, counted by a sample', () => {
    const careful = planOf({ minUsers: 1000 })
    const few = judge(careful, at(2, 10), { ...observed(5, seen(9, 81)), seenOneIn: 100 })
    expect(few.verdict).toBe('hold')
    expect(words(few.findings)).toContain('about 900 users')
    expect(judge(careful, at(2, 10), { ...observed(5, seen(10, 90)), seenOneIn: 100 }).verdict).toBe('advance')
  })
})

describe('absolute guardrails', () => {
  const minutes = (errorsInMinute: readonly number[], finished = 100, started = finished): readonly MinuteCounts[] =>
    errorsInMinute.map((errored, index) => ({ minuteMs: index * MINUTE, started, finished, errors: errored }))
  const guarded = planOf({
    guardrails: [
      { kind: 'error-rate', maxPercent: 10 },
      { kind: 'unfinished', maxPercent: 5 },
    ],
  })

  it('roll back at three bad minutes of the last five, and not at two', () => {
    expect(judge(guarded, at(2, 10), observed(5, [], minutes([50, 0, 50, 0, 0]))).verdict).toBe('advance')
    expect(judge(guarded, at(2, 10), observed(5, [], minutes([50, 0, 50, 0, 50]))).verdict).toBe('roll-back')
    expect(judge(guarded, at(2, 10), observed(6, [], minutes([50, 50, 50, 0, 0, 0]))).verdict).toBe('advance')
  })

  it('do not judge a handful of requests', () => {
    expect(judge(guarded, at(2, 10), observed(5, [], minutes([2, 2, 2, 2, 2], 3))).verdict).toBe('advance')
  })

  it('take the last minutes by the clock, not the last that had traffic', () => {
    const hours = [0, 60, 120].map((minute) => ({ ...alive(minute + 1), started: 30, finished: 30, errors: 30 }))
    expect(judge(guarded, at(2, 10), observed(121, [], hours)).verdict).toBe('advance')
  })

  it('see a canary that is killed before it can fail', () => {
    const killed = minutes([0, 0, 0, 0, 0], 80, 100)
    const { verdict, findings } = judge(guarded, at(2, 10), observed(5, [], killed))
    expect(verdict).toBe('roll-back')
    expect(words(findings)).toContain('100 of 500 attempts of the last 5 minutes never finished')
  })

  it('forgive one bad minute: a deployment kills what is running', () => {
    const once = minutes([0, 0, 0, 0, 0]).map((one, index) => (index === 2 ? { ...one, finished: 60 } : one))
    expect(judge(guarded, at(2, 10), observed(5, [], once)).verdict).toBe('advance')
  })

  it('know a request that ends a minute later from one that never ends', () => {
    const slow = [
      [40, 20],
      [40, 40],
      [40, 30],
      [40, 50],
      [40, 50],
    ].map(([started = 0, finished = 0], index) => ({ minuteMs: index * MINUTE, started, finished, errors: 0 }))
    expect(judge(guarded, at(2, 10), observed(5, [], slow)).verdict).toBe('advance')
  })

  it('hold nothing against an attempt that an earlier one did', () => {
    const second = { ...at(2, 10), attempt: 2, attemptSinceMs: 4 * MINUTE, stepSinceMs: 4 * MINUTE }
    expect(judge(guarded, second, observed(5, [], minutes([50, 50, 50, 50, 0]))).verdict).toBe('hold')
  })

  it('hold when metrics cannot be read', () => {
    expect(judge(guarded, at(2, 10), { untilMs: 6 * MINUTE, users: [], minutes: undefined }).verdict).toBe('hold')
  })
})

describe('a tick', () => {
  const run = (state: RolloutState, minute: number, users: Observations['users'] = []) =>
    tick(plan, state, observed(minute, users), minute * MINUTE)

  it('goes through each step once, bakes, and is complete', () => {
    let state = at(2, 10)
    const percents: number[] = []
    const phases = new Set<string>()
    for (let minute = 1; minute <= 25; minute += 1) {
      const moved = run(state, minute)
      state = moved.state
      percents.push(moved.percent)
      phases.add(state.phase)
    }
    expect([...new Set(percents)]).toEqual([10, 50, 100])
    expect([...phases]).toEqual(['ramping', 'baking', 'complete'])
    expect(percents.indexOf(50) + 1).toBe(5)
    expect(percents.indexOf(100) + 1).toBe(10)
  })

  it('enters one step at a time after a long hold', () => {
    let state = at(2, 10)
    for (let minute = 1; minute <= 13; minute += 1) {
      const unreadable = { untilMs: minute * MINUTE, users: undefined, minutes: [alive(minute)] }
      state = tick(plan, state, unreadable, minute * MINUTE).state
    }
    expect(state.step).toBe(0)
    expect(run(state, 14).state.step).toBe(1)
  })

  it('freezes the ramp when nobody judged for too long, until a human resumes it', () => {
    const silent = run(at(2, 10), 16)
    expect(silent.state.phase).toBe('frozen')
    expect(silent.percent).toBe(10)
    expect(words(silent.findings)).toContain('16 minutes')
    const after = run(silent.state, 17)
    expect([after.state.phase, after.percent, after.verdict]).toEqual(['frozen', 10, 'hold'])
  })

  it('rolls back also what is paused or frozen', () => {
    for (const phase of ['paused', 'frozen', 'awaiting-approval', 'baking'] as const) {
      const moved = run({ ...at(2, 10), phase }, 1, errors(20, 2))
      expect([moved.state.phase, moved.percent]).toEqual(['rolled-back', 0])
    }
  })

  it('stays rolled back whatever comes later', () => {
    const { state } = run(at(2, 10), 1, errors(20, 2))
    const moved = run(state, 60)
    expect([moved.state, moved.percent]).toEqual([state, 0])
  })

  it('waits before a step that wants an approval', () => {
    const asking = planOf({ approvals: [1] })
    const waiting = tick(asking, at(2, 10), observed(5), 5 * MINUTE)
    expect([waiting.state.phase, waiting.percent]).toEqual(['awaiting-approval', 10])
    const approved = tick(asking, { ...waiting.state, approved: [1] }, observed(6), 6 * MINUTE)
    expect([approved.state.phase, approved.percent]).toEqual(['ramping', 50])
  })

  it('begins a new attempt with no evidence and none of the old versions', () => {
    const { state } = run(at(2, 10), 1, errors(20, 2))
    const again = resumed(plan, state, 30 * MINUTE)
    expect(again).toMatchObject({ attempt: 2, step: 0, phase: 'ramping', percentByVersion: {}, counted: [] })
    const moved = tick(plan, at(9, 10, again), observed(31, errors(20, 2)), 31 * MINUTE)
    expect([moved.verdict, moved.percent]).toEqual(['hold', 10])
  })

  it('does not pass over a first step that nobody approved', () => {
    const asking = planOf({ approvals: [0] })
    const waiting = startState(asking, 0)
    const later = tick(asking, waiting, observed(10), 10 * MINUTE)
    expect([later.state.phase, later.state.step, later.percent]).toEqual(['awaiting-approval', 0, 0])
  })

  it('never gives more than the judge allowed, whatever the clock says', () => {
    expect(percentageAt(plan, at(2, 10), 3600 * MINUTE)).toBe(10)
  })
})
