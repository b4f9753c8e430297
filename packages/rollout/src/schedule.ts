import type { CheckedPlan } from './plan.ts'
import type { RolloutState } from './state.ts'

const MINUTE_MS = 60_000

/** Whether the time of the present step is over. */
export function isDue(plan: CheckedPlan, { step, stepSinceMs }: RolloutState, nowMs: number): boolean {
  return nowMs - stepSinceMs >= (plan.steps[step]?.holdMinutes ?? 0) * MINUTE_MS
}

/** The percentage that the clock alone would give: the step's, or the next one's once its time is over. Never two ahead. */
export function scheduledPercent(plan: CheckedPlan, state: RolloutState, nowMs: number): number {
  const step = isDue(plan, state, nowMs) ? Math.min(state.step + 1, plan.last) : state.step
  return plan.steps[step]?.percent ?? 0
}

/**
 * The canary's percentage of users: what the clock says, and never more than the judge allowed. A judge that is not
 * heard of any more thereby freezes the ramp.
 */
export function percentageAt(plan: CheckedPlan, state: RolloutState, nowMs: number): number {
  if (state.phase === 'rolled-back') return 0
  return Math.min(scheduledPercent(plan, state, nowMs), state.approvedUntilPercent)
}
