import { RolloutError } from './errors.ts'
import { RATIOS } from './sequential.ts'
import type { Phase, RolloutState } from './state.ts'
import { planOf, type StoredRollout } from './stored-rollout.ts'

const PHASES: Readonly<Record<Phase, true>> = {
  'awaiting-approval': true,
  baking: true,
  complete: true,
  frozen: true,
  paused: true,
  ramping: true,
  'rolled-back': true,
}

/**
 * Throws `bad_rollout`, or `bad_option` for its plan, when a stored item is no rollout that can be driven: written by hand, or
 * by another release. Evidence that is no number would never be above a limit, and a step that the plan has not gives nobody
 * the canary.
 */
export function checkStored(item: StoredRollout): void {
  const bad = (what: string): RolloutError =>
    new RolloutError(
      'bad_rollout',
      `The item "${item.key}" of rollouts has ${what}: "waybill flags kill" ends its canary; then repair or delete the item`,
    )
  const plan = planOf(item)
  if (plan.flag !== item.key) throw bad(`the plan of another flag, "${plan.flag}"`)
  const fault = faultOf((item.state ?? {}) as Partial<RolloutState>, plan.last)
  if (fault !== undefined) throw bad(`no valid state, in "${fault}"`)
  if (!Number.isFinite(item.flagPercent)) throw bad('no "flagPercent"')
  if (!Array.isArray(item.outbox)) throw bad('no "outbox"')
}

function faultOf(state: Partial<RolloutState>, last: number): keyof RolloutState | undefined {
  const { phase, step = -1, approved, percentByVersion, counted, evidence } = state
  if (typeof phase !== 'string' || !Object.hasOwn(PHASES, phase)) return 'phase'
  if (!Number.isInteger(step) || step < 0 || step > last) return 'step'
  for (const name of ['attempt', 'attemptSinceMs', 'stepSinceMs', 'approvedUntilPercent', 'judgedUntilMs'] as const) {
    if (!Number.isFinite(state[name])) return name
  }
  if (!Array.isArray(approved)) return 'approved'
  if (!percentByVersion || !Object.values(percentByVersion).every(Number.isFinite)) return 'percentByVersion'
  if (!Array.isArray(counted) || !counted.every((one) => Number.isFinite(one?.users))) return 'counted'
  const isWhole = (logs: unknown): boolean =>
    Array.isArray(logs) && logs.length === RATIOS.length && logs.every(Number.isFinite)
  return isWhole(evidence?.error) && isWhole(evidence?.slow) ? undefined : 'evidence'
}
