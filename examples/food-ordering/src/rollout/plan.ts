import type { RolloutPlan } from '@waybill/rollout'

export const FLAG = 'new-order-flow'

/** A ramp for people who watch: the judge's own mathematics, and steps of a few minutes where a release would have hours. */
export function planOf(id: string, changes: Partial<RolloutPlan> = {}): RolloutPlan {
  return {
    id,
    flag: FLAG,
    canary: 'canary',
    control: 'control',
    steps: [5, 10, 25, 50, 100].map((percent) => ({ percent, holdMinutes: 2 })),
    bakeMinutes: 1,
    guardrails: [
      { kind: 'errored-users', alphaShare: 0.8 },
      { kind: 'slow-users', alphaShare: 0.2 },
      { kind: 'error-rate', maxPercent: 50 },
      // Minutes that pass in a second cut many requests in two: what one has started, the next one finishes.
      { kind: 'unfinished', maxPercent: 25 },
    ],
    ...changes,
  }
}
