import { type Judgement, judge, type Observations } from './judge.ts'
import type { CheckedPlan } from './plan.ts'
import { percentageAt } from './schedule.ts'
import { awaitsFirstStep, entered, isOver, type RolloutState } from './state.ts'

/** What a tick decided: the state to keep, and the percentage that the flag is to have. */
export interface Transition extends Judgement {
  readonly percent: number
}

const MINUTE_MS = 60_000

/**
 * One tick: judges what was observed and moves the rollout on, by one step at the most. Pure, and the same tick twice is
 * the same once: whoever writes its state does so on the version it was read at.
 */
export function tick(plan: CheckedPlan, state: RolloutState, observations: Observations, nowMs: number): Transition {
  if (isOver(state)) {
    return { verdict: 'hold', findings: [], state, percent: percentageAt(plan, state, nowMs) }
  }
  const silentMs = observations.untilMs - state.judgedUntilMs
  const judgement = judge(plan, state, observations)
  const moved =
    silentMs > plan.deadManMinutes * MINUTE_MS ? frozen(judgement, silentMs) : carriedOut(plan, judgement, nowMs)
  return { ...moved, percent: percentageAt(plan, moved.state, nowMs) }
}

/** Nobody judged for so long that nobody knows what happened meanwhile: it stands still until a human looks. */
function frozen(judgement: Judgement, silentMs: number): Judgement {
  if (judgement.verdict === 'roll-back') return rolledBack(judgement)
  const words = `nothing was judged for ${Math.round(silentMs / MINUTE_MS)} minutes: the ramp is frozen until it is resumed`
  return {
    verdict: 'hold',
    findings: [...judgement.findings, { about: 'data', words }],
    state: { ...judgement.state, phase: 'frozen' },
  }
}

function carriedOut(plan: CheckedPlan, judgement: Judgement, nowMs: number): Judgement {
  const { verdict, state } = judgement
  if (verdict === 'roll-back') return rolledBack(judgement)
  // Who paused it, or has not approved it yet, decides when it goes on.
  if (state.phase !== 'ramping' && state.phase !== 'baking' && state.phase !== 'awaiting-approval')
    return held(judgement)
  if (awaitsFirstStep(state)) return held(judgement)
  if (verdict === 'complete') return { ...judgement, state: { ...state, phase: 'complete' } }
  if (verdict !== 'advance') return judgement
  const step = state.step + 1
  if (plan.approvals.includes(step) && !state.approved.includes(step)) {
    const findings = [
      ...judgement.findings,
      { about: 'approval', words: `step ${step + 1} waits for an approval` } as const,
    ]
    return { verdict: 'hold', findings, state: { ...state, phase: 'awaiting-approval' } }
  }
  return { ...judgement, state: { ...state, ...entered(plan, step, nowMs) } }
}

function rolledBack(judgement: Judgement): Judgement {
  return { ...judgement, state: { ...judgement.state, phase: 'rolled-back', approvedUntilPercent: 0 } }
}

function held(judgement: Judgement): Judgement {
  return judgement.verdict === 'hold' ? judgement : { ...judgement, verdict: 'hold' }
}
