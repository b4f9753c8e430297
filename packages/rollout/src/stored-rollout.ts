import { type AuditItem, auditKey, type RolloutItem, type VersionedStore } from '@waybill/flags'
import type { RolloutEvent, RolloutEventType } from './events.ts'
import { waitingStep } from './interventions.ts'
import type { Finding, Verdict } from './judge.ts'
import { type CheckedPlan, checkedPlan, type RolloutPlan } from './plan.ts'
import { percentageAt } from './schedule.ts'
import type { RolloutState } from './state.ts'

/** What a rollout needs of a store: any flag store. */
export type RolloutStore = Pick<VersionedStore, 'get' | 'list' | 'put'>

export interface RolloutAuthor {
  readonly who: string
  readonly comment: string
}

/** What the judge said last. */
export interface LastJudgement {
  readonly atMs: number
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
}

/**
 * What was decided and may not have been done yet: whoever comes next does it, so that nothing is left halfway by a process
 * that dies. Each part may be done twice without harm.
 */
export interface Pending {
  /** The canary's percentage that the flag is to have. */
  readonly percent: number
  readonly recall: boolean
  readonly atMs: number
  readonly author: RolloutAuthor
  readonly record: AuditItem
}

/** A flag's rollout, the latest only: earlier ones are in the audit trail. */
export interface StoredRollout extends RolloutItem {
  readonly plan: RolloutPlan
  readonly state: RolloutState
  /** The canary's percentage that the flag was given last, or had at the start. */
  readonly flagPercent: number
  readonly startedAtMs: number
  readonly pending?: Pending
  /** Events that nobody took yet. */
  readonly outbox: readonly RolloutEvent[]
  readonly last?: LastJudgement
}

/** A change of a rollout by the judge or by a human. */
export interface RolloutChange {
  readonly state: RolloutState
  /** In the words of the audit trail. */
  readonly action: string
  readonly events: readonly RolloutEventType[]
  readonly author: RolloutAuthor
  readonly reasons: readonly string[]
  readonly last?: LastJudgement
}

/** What EventBridge is owed at the most: an outage of the bus must not grow the item without end. */
const MAX_OUTBOX = 50

/** Its plan with all defaults: what is stored is what somebody wrote. */
export function planOf({ plan }: StoredRollout): CheckedPlan {
  return checkedPlan(plan)
}

/** A stored rollout after a change, with all that is still to be done about it. */
export function changed(before: StoredRollout, change: RolloutChange, nowMs: number): StoredRollout {
  const plan = planOf(before)
  const version = before.version + 1
  const { state, action, author, reasons } = change
  const percent = percentageAt(plan, state, nowMs)
  const events = change.events.map(
    (type, index): RolloutEvent => ({
      id: `${plan.id}/${before.startedAtMs}/${version}/${index}`,
      type,
      atMs: nowMs,
      flag: plan.flag,
      rollout: plan.id,
      attempt: state.attempt,
      phase: state.phase,
      step: (type === 'Rollout Approval Wanted' ? waitingStep(state) : undefined) ?? state.step,
      percent,
      who: author.who,
      reasons,
    }),
  )
  const { phase, attempt, step } = state
  const summary = { key: plan.flag, version, rollout: plan.id, phase, attempt, step, percent, reasons }
  const record: AuditItem = {
    key: auditKey(plan.flag, nowMs, `rollout-${version}`),
    version: 1,
    kind: 'rollouts',
    subject: plan.flag,
    action,
    ...author,
    atMs: nowMs,
    after: summary,
  }
  const recall = state.phase === 'rolled-back' && plan.inFlight === 'recall'
  return {
    ...before,
    version,
    state,
    pending: { percent, recall, atMs: nowMs, author, record },
    outbox: [...before.outbox, ...events].slice(-MAX_OUTBOX),
    ...(change.last === undefined ? {} : { last: change.last }),
  }
}

/** Reads a flag's rollout. */
export async function readRollout(store: Pick<RolloutStore, 'get'>, flag: string): Promise<StoredRollout | undefined> {
  return rolloutIn(await store.get('rollouts', flag))
}

/** Those of all flags, over or not. What is no rollout is among them. */
export async function listRollouts(store: Pick<RolloutStore, 'list'>): Promise<readonly StoredRollout[]> {
  return (await store.list('rollouts')) as unknown as readonly StoredRollout[]
}

/** A tombstone is none. */
export function rolloutIn(item: RolloutItem | undefined): StoredRollout | undefined {
  return item === undefined || item.deleted ? undefined : (item as unknown as StoredRollout)
}
