import { describe, expect, it } from 'vitest'
import { faultsOf, renderResult } from '../../src/rollout/report.ts'
import type { ActResult, RolloutsResult } from '../../src/rollout/run-rollouts.ts'
import { timelineLine, type WatchedTick, whyOf } from '../../src/rollout/timeline.ts'

const findings = [
  { about: 'errored-users', words: '3 users met an error', value: 356, limit: 62.5 },
  { about: 'slow-users', words: 'nobody was slow', value: 0.25, limit: 250 },
  { about: 'error-rate', words: '0 bad minutes', value: 0, limit: 3 },
] as const
const tick: WatchedTick = {
  minute: 8,
  percent: 0,
  phase: 'rolled-back',
  verdict: 'roll-back',
  findings,
  why: '3 users met an error',
}

const quiet = { usersHurt: 0, ordersHurt: 0, ordersHealed: 0, ordersRecalled: 0, handlingsRecalled: 0 }
const healthy: ActResult = {
  rollout: 'healthy-1',
  outcome: 'complete',
  minutes: 26,
  ticks: [],
  judged: { canary: 0, control: 0 },
  counted: { canary: 0, control: 0 },
  truth: { ...quiet, usersOnCanary: 170, canaryAfterRecall: 0, placedAfterRollback: 0 },
  audit: [],
}
const faulty: ActResult = {
  ...healthy,
  rollout: 'faulty-2',
  outcome: 'rolled-back',
  minutes: 8,
  ticks: [tick],
  judged: { canary: 3, control: 0 },
  counted: { canary: 4, control: 0 },
  truth: {
    usersOnCanary: 9,
    usersHurt: 4,
    ordersHurt: 5,
    ordersHealed: 5,
    ordersRecalled: 6,
    handlingsRecalled: 7,
    canaryAfterRecall: 0,
    placedAfterRollback: 0,
    lastCanaryAfterRecallMs: 202,
  },
}
const usual: RolloutsResult = {
  users: 1000,
  ratePerSecond: 20,
  orders: 763,
  refused: 0,
  settled: true,
  percent: 0,
  acts: [healthy, faulty],
}
const worse = (changes: Partial<ActResult['truth']>): RolloutsResult => ({
  ...usual,
  acts: [healthy, { ...faulty, truth: { ...faulty.truth, ...changes } }],
})

describe('the end of the rollouts', () => {
  it('is good when the healthy canary came through and the faulty one was called back', () => {
    expect(faultsOf(usual)).toEqual([])
  })

  it.each<[string, RolloutsResult, string]>([
    ['the healthy one was rolled back', { ...usual, acts: [faulty, faulty] }, 'the healthy canary ended rolled-back'],
    [
      'the faulty one came through',
      { ...usual, acts: [healthy, { ...faulty, outcome: 'complete' }] },
      'ended complete',
    ],
    ['the flag still has the canary', { ...usual, percent: 5 }, '5 % in the end'],
    ['something never ended', { ...usual, settled: false }, 'still under way'],
    ['a function ran the canary after its recall', worse({ canaryAfterRecall: 1 }), 'after its recall'],
    ['the edge went on with it', worse({ placedAfterRollback: 2 }), '2 orders were placed'],
    ['nothing was in flight', worse({ ordersRecalled: 0 }), 'nothing was shown'],
    ['an order was lost', worse({ ordersHealed: 4 }), '1 orders came to no good end'],
    ['the counts are not the truth', worse({ usersHurt: 5 }), '4 users were counted, 5 were hurt'],
  ])('is bad when %s', (_, result, said) => {
    expect(faultsOf(result).join()).toContain(said)
  })

  it('says how many were hurt, as it was and as the judge knew', () => {
    const text = renderResult(usual)
    expect(text).toContain('faulty-2: rolled back in minute 8')
    expect(text).toMatch(/users hurt +4 +counted 4, of whom the judge knew 3/)
    expect(text).toMatch(/recalled in flight +6 orders stamped canary, handled 7 times as control/)
    expect(text).toContain('202 ms after it was written')
  })
})

describe('the timeline', () => {
  it('has evidence beside its limit, and the verdict with its reason', () => {
    expect(timelineLine(tick).replace(/ +/g, ' ')).toBe(' 8 0 % 356 of 63 0.25 of 250 roll-back 3 users met an error')
  })

  it('names the guardrail that gave way, and for a hold what it waits for', () => {
    expect(whyOf('roll-back', findings)).toBe('3 users met an error')
    const badMinutes = { about: 'error-rate', words: '3 bad minutes', value: 3, limit: 3 } as const
    expect(whyOf('roll-back', [findings[1], badMinutes])).toBe('3 bad minutes')
    expect(whyOf('hold', [findings[1], { about: 'schedule', words: 'step 1 of 5 is not over' }])).toBe(
      'step 1 of 5 is not over',
    )
  })
})
