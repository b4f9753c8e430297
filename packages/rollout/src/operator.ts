import type { AuditItem } from '@waybill/flags'
import { type CarryOutOptions, carryOut } from './carry-out.ts'
import { RolloutError } from './errors.ts'
import type { RolloutEventType } from './events.ts'
import { checkStartable, percentIn, sidesOf } from './flag-share.ts'
import { approved, paused, resumed, rolledBackByHand, waitingStep } from './interventions.ts'
import { checkedPlan, type RolloutPlan } from './plan.ts'
import { isOver, type RolloutState, startState } from './state.ts'
import { checkStored } from './stored-fault.ts'
import {
  changed,
  listRollouts,
  planOf,
  type RolloutAuthor,
  type RolloutStore,
  readRollout,
  rolloutIn,
  type StoredRollout,
} from './stored-rollout.ts'

export interface RolloutOperatorOptions {
  readonly store: RolloutStore
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** Default: the controller publishes the events, at its next tick. */
  readonly publish?: CarryOutOptions['publish']
}

/**
 * What humans and their hooks do to rollouts. Each change is done at once, and by the next tick if this process dies in the
 * middle. Rejects with `RolloutError`: `no_rollout`, `bad_phase`, `bad_flag`, `bad_rollout`, `conflict`; with `bad_option` for a plan that
 * is wrong; and as the store does.
 */
export interface RolloutOperator {
  /** Begins a rollout: the first step is in the flag when it resolves, unless it wants an approval. */
  start(plan: RolloutPlan, author: RolloutAuthor, options?: { readonly dryRun?: boolean }): Promise<StoredRollout>
  /** Approves the step that waits, or one that is to come, counted from 0. */
  approve(flag: string, author: RolloutAuthor, step?: number): Promise<StoredRollout>
  pause(flag: string, author: RolloutAuthor): Promise<StoredRollout>
  /** Ends a pause or a freeze; after a rollback, begins a new attempt with the same users. */
  resume(flag: string, author: RolloutAuthor): Promise<StoredRollout>
  /** Gives everybody control, and recalls what is in flight as the plan says. */
  rollBack(flag: string, author: RolloutAuthor): Promise<StoredRollout>
  get(flag: string): Promise<StoredRollout | undefined>
  list(): Promise<readonly StoredRollout[]>
  /** Every change of all rollouts of the flag, the oldest first. */
  history(flag: string): Promise<readonly AuditItem[]>
}

interface Intervention {
  readonly state: RolloutState
  readonly action: string
  readonly events: readonly RolloutEventType[]
}

const ATTEMPTS = 5
const ASKED = ['Rollout Approval Wanted'] as const

/**
 * Starts rollouts and steps in, in any flag store.
 *
 * @example
 * ```ts
 * const rollouts = rolloutOperator({ store })
 * const plan = {
 *   id: 'new-order-flow-1', flag: 'new-order-flow', canary: 'canary', control: 'control',
 *   preset: 'LambdaCanary10Percent5Minutes',
 * }
 * const { state } = await rollouts.start(plan, { who: 'ada', comment: 'new flow, first try' })
 * state.phase // 'ramping', and a tenth of all users has the canary
 * ```
 */
export function rolloutOperator({ store, nowMs = Date.now, publish }: RolloutOperatorOptions): RolloutOperator {
  /** The flag and the audit trail at once, so that who asks sees it done. */
  const finish = async (rollout: StoredRollout): Promise<StoredRollout> =>
    (await carryOut({ store, nowMs, publish }, rollout)) ?? (await readRollout(store, rollout.key)) ?? rollout

  const intervene = async (
    flag: string,
    author: RolloutAuthor,
    change: (rollout: StoredRollout) => Intervention | Promise<Intervention>,
  ): Promise<StoredRollout> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await readRollout(store, flag)
      if (found === undefined) throw new RolloutError('no_rollout', `There is no rollout of "${flag}"`)
      checkStored(found)
      // What was decided before comes first: its audit entry would be lost otherwise.
      const before = found.pending === undefined ? found : await carryOut({ store, nowMs }, found)
      if (before === undefined) continue
      const next = changed(before, { ...(await change(before)), author, reasons: [author.comment] }, nowMs())
      if ((await store.put('rollouts', next, { ifVersion: before.version })) === 'written') return finish(next)
    }
    throw new RolloutError('conflict', `The rollout of "${flag}" is being changed by others all the time: look again`)
  }

  return {
    start: async (input, author, { dryRun = false } = {}) => {
      const plan = checkedPlan(input)
      const there = await store.get('rollouts', plan.flag)
      const before = rolloutIn(there)
      if (before !== undefined) checkStored(before)
      if (before !== undefined && !isOver(before.state)) {
        const phase = before.state.phase.replaceAll('-', ' ')
        const message = `Rollout ${before.plan.id} of "${plan.flag}" is ${phase}: roll it back first, or let it come to its end`
        throw new RolloutError('bad_phase', message)
      }
      if (before?.pending !== undefined) throw new RolloutError('bad_phase', `Rollout ${before.plan.id} is just ending`)
      const flag = await store.get('features', plan.flag)
      const { percent } = checkStartable(flag, plan)
      const owner = await store.get('owners', plan.flag)
      if (owner?.owner === 'launchdarkly') {
        throw new RolloutError('bad_flag', `"${plan.flag}" is written by LaunchDarkly: change its owner first`)
      }
      const atMs = nowMs()
      const state = startState(plan, atMs)
      const fresh: StoredRollout = {
        key: plan.flag,
        version: there?.version ?? 0,
        plan: input,
        state,
        flagPercent: percent,
        startedAtMs: atMs,
        outbox: before?.outbox ?? [],
      }
      const waits = state.phase === 'awaiting-approval'
      const events: RolloutEventType[] = ['Rollout Started', waits ? 'Rollout Approval Wanted' : 'Rollout Step Entered']
      const change = { state, action: `start ${plan.id}`, events, author, reasons: [author.comment] }
      const next = changed(fresh, change, atMs)
      if (dryRun) return next
      const outcome = await store.put('rollouts', next, { ifVersion: there?.version ?? 'absent' })
      if (outcome === 'stale') throw new RolloutError('conflict', `Somebody else began a rollout of "${plan.flag}"`)
      return finish(next)
    },
    approve: (flag, author, step) =>
      intervene(flag, author, (rollout) => {
        const wanted = step ?? waitingStep(rollout.state)
        const state = approved(planOf(rollout), rollout.state, nowMs(), wanted)
        const first = wanted === 0 && state.phase !== 'awaiting-approval'
        return { state, action: `approve step ${(wanted ?? 0) + 1}`, events: first ? ['Rollout Step Entered'] : [] }
      }),
    pause: (flag, author) =>
      intervene(flag, author, ({ state }) => ({ state: paused(state), action: 'pause', events: ['Rollout Paused'] })),
    resume: (flag, author) =>
      intervene(flag, author, async (rollout) => {
        const plan = planOf(rollout)
        const state = resumed(plan, rollout.state, nowMs())
        const data = await store.get('features', flag)
        if (data === undefined || data.deleted || data.on !== true) {
          throw new RolloutError('bad_flag', `"${flag}" is off or gone: turn it on before the rollout goes on`)
        }
        const percent = percentIn(data, sidesOf(data, plan))
        if (percent !== rollout.flagPercent) {
          const message = `"${flag}" does not give ${plan.canary} to the ${rollout.flagPercent} % that it had in the rollout: put that back first, or roll back`
          throw new RolloutError('bad_flag', message)
        }
        const isNew = state.attempt !== rollout.state.attempt
        const asks = isNew && state.phase === 'awaiting-approval'
        return { state, action: 'resume', events: ['Rollout Resumed', ...(asks ? ASKED : [])] }
      }),
    rollBack: (flag, author) =>
      intervene(flag, author, ({ state }) => ({
        state: rolledBackByHand(state),
        action: 'roll back',
        events: ['Rollout Rolled Back'],
      })),
    get: (flag) => readRollout(store, flag),
    list: () => listRollouts(store),
    history: async (flag) =>
      (await store.list('audit', { keyPrefix: `${flag}/` })).filter(({ kind }) => kind === 'rollouts'),
  }
}
