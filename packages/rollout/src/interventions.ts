import { RolloutError } from './errors.ts'
import type { CheckedPlan } from './plan.ts'
import { awaitsFirstStep, entered, isOver, type RolloutState, startState } from './state.ts'

/*
 * What humans do to a rollout. Pure; each throws `bad_phase` where it makes no sense, so that two people at two terminals
 * learn what the other did.
 */

/** The step that waits for an approval, counted from 0, if one does. */
export function waitingStep(state: RolloutState): number | undefined {
  if (state.phase !== 'awaiting-approval') return undefined
  return awaitsFirstStep(state) ? 0 : state.step + 1
}

/** Approves the step that waits, or one ahead. The first begins at once; the others when the judge says so again. */
export function approved(
  plan: CheckedPlan,
  state: RolloutState,
  nowMs: number,
  step: number | undefined = waitingStep(state),
): RolloutState {
  if (isOver(state)) throw wrong(state, 'approved')
  if (step === undefined) throw new RolloutError('bad_phase', 'No step waits for an approval: name one that is to come')
  const isNext = step === waitingStep(state)
  if (!plan.approvals.includes(step) || state.approved.includes(step) || (step <= state.step && !isNext)) {
    throw new RolloutError('bad_phase', `Step ${step + 1} waits for no approval`)
  }
  const known = { ...state, approved: [...state.approved, step].toSorted((a, b) => a - b) }
  if (!isNext) return known
  return step === 0 ? { ...known, ...entered(plan, 0, nowMs) } : { ...known, phase: 'ramping' }
}

/** The ramp stands still; the judge goes on, and may still roll back. */
export function paused(state: RolloutState): RolloutState {
  if (isOver(state) || state.phase === 'paused') throw wrong(state, 'paused')
  return { ...state, phase: 'paused' }
}

/**
 * Ends a pause or a freeze: the present step begins again. After a rollback it is a new attempt from the first step, which
 * waits for its approval anew: the same users come back, counted and judged afresh.
 */
export function resumed(plan: CheckedPlan, state: RolloutState, nowMs: number): RolloutState {
  if (state.phase === 'rolled-back') return startState(plan, nowMs, state.attempt + 1)
  if (state.phase !== 'paused' && state.phase !== 'frozen') throw wrong(state, 'resumed')
  // What happened meanwhile was looked at by a human.
  const isApproved = state.approved.includes(0) || !plan.approvals.includes(0)
  if (awaitsFirstStep(state) && !isApproved) return { ...state, phase: 'awaiting-approval', judgedUntilMs: nowMs }
  return { ...state, ...entered(plan, state.step, nowMs), judgedUntilMs: nowMs }
}

/** Also of one that is complete. */
export function rolledBackByHand(state: RolloutState): RolloutState {
  if (state.phase === 'rolled-back') throw wrong(state, 'rolled back')
  return { ...state, phase: 'rolled-back', approvedUntilPercent: 0 }
}

function wrong({ phase }: RolloutState, what: string): RolloutError {
  return new RolloutError('bad_phase', `It is ${phase.replaceAll('-', ' ')}: it cannot be ${what}`)
}
