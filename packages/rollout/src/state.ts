import type { CheckedPlan } from './plan.ts'
import { type Evidence, NO_EVIDENCE } from './sequential.ts'

/** Where a rollout is. `frozen`: nobody judged for too long; like `paused`, a human ends it. */
export type Phase = 'ramping' | 'awaiting-approval' | 'paused' | 'frozen' | 'baking' | 'complete' | 'rolled-back'

/** Users of one variation who were affected or seen in this attempt, by the flag version that decided for them. */
export interface UserCount {
  readonly kind: 'seen' | 'error' | 'slow'
  readonly variation: string
  readonly version: number
  readonly users: number
}

/** All that a rollout remembers between two ticks: small enough for one item. Times are milliseconds since the epoch. */
export interface RolloutState {
  readonly phase: Phase
  /** Counts starts and resumes after a rollback: each is judged afresh, by the flag versions that are its own. */
  readonly attempt: number
  readonly attemptSinceMs: number
  readonly step: number
  readonly stepSinceMs: number
  /** What the judge allows; the ramp never passes it. */
  readonly approvedUntilPercent: number
  /** The end of the last minute that was judged. */
  readonly judgedUntilMs: number
  /** Steps that a human approved ahead. */
  readonly approved: readonly number[]
  /** The canary's percentage in each flag version of this attempt: late stamps are judged by their own. */
  readonly percentByVersion: Readonly<Record<string, number>>
  /** Totals that the evidence holds already. */
  readonly counted: readonly UserCount[]
  readonly evidence: Readonly<Record<'error' | 'slow', Evidence>>
}

/** The first state. Where its first step wants an approval, nobody has the canary before it is given. */
export function startState(plan: CheckedPlan, nowMs: number, attempt = 1): RolloutState {
  const waits = plan.approvals.includes(0)
  return {
    ...entered(plan, 0, nowMs),
    ...(waits ? { phase: 'awaiting-approval', approvedUntilPercent: 0 } : {}),
    attempt,
    attemptSinceMs: nowMs,
    judgedUntilMs: nowMs,
    approved: [],
    percentByVersion: {},
    counted: [],
    evidence: { error: NO_EVIDENCE, slow: NO_EVIDENCE },
  }
}

/** What changes when a step begins. */
export function entered(
  plan: CheckedPlan,
  step: number,
  nowMs: number,
): Pick<RolloutState, 'phase' | 'step' | 'stepSinceMs' | 'approvedUntilPercent'> {
  return {
    phase: step === plan.last ? 'baking' : 'ramping',
    step,
    stepSinceMs: nowMs,
    approvedUntilPercent: plan.steps[step]?.percent ?? 0,
  }
}

export function isOver({ phase }: RolloutState): boolean {
  return phase === 'complete' || phase === 'rolled-back'
}

/** The first step is not approved yet: nobody has the canary. */
export function awaitsFirstStep({ step, approvedUntilPercent }: RolloutState): boolean {
  return step === 0 && approvedUntilPercent === 0
}
