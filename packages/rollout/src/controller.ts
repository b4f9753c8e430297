import { WaybillError } from '@waybill/core'
import { carryOut, noted } from './carry-out.ts'
import { RolloutError } from './errors.ts'
import type { PublishEvents, RolloutEventType } from './events.ts'
import { percentIn, sidesIn } from './flag-share.ts'
import { rolledBackByHand } from './interventions.ts'
import type { Finding, Verdict } from './judge.ts'
import { alarmOf } from './lambda-event.ts'
import { type ObservingOptions, observe } from './observing.ts'
import type { CheckedPlan } from './plan.ts'
import { isOver, type Phase, type RolloutState } from './state.ts'
import { checkStored } from './stored-fault.ts'
import {
  changed,
  planOf,
  type RolloutChange,
  type RolloutStore,
  readRollout,
  type StoredRollout,
} from './stored-rollout.ts'
import { tick } from './transition.ts'

export interface ControllerOptions extends ObservingOptions {
  readonly store: RolloutStore
  /** Told of every change, such as `eventBridgeEvents` takes them. */
  readonly publish?: PublishEvents
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** Told of each tick of each rollout. Default: one JSON line on the console. */
  readonly log?: (report: TickReport) => void
}

/** What one tick made of one rollout. */
export interface TickReport {
  readonly flag: string
  readonly rollout: string
  /** `superseded`: another tick, or a human, was faster. `nothing-new`: no minute has passed since. */
  readonly outcome: 'judged' | 'nothing-new' | 'superseded' | 'failed'
  readonly verdict?: Verdict
  readonly phase: Phase
  readonly percent: number
  readonly reasons: readonly string[]
}

export interface Controller {
  /** Ticks every rollout that is under way. Rejects after all of them when one failed, so that the schedule's own alarms see it. */
  tick(): Promise<readonly TickReport[]>
  /** Rolls back every rollout whose plan names this alarm. */
  alarm(name: string, reason: string): Promise<readonly TickReport[]>
  /** For Lambda: a schedule's event, or an alarm's. */
  handler(event: unknown): Promise<readonly TickReport[]>
}

const MINUTE_MS = 60_000
const WHO = 'rollout controller'
/** Others step in now and then, not all the time. */
const ATTEMPTS = 5

/**
 * Drives rollouts from a schedule of one minute. A tick may be repeated, doubled, or stopped at any point: what was decided
 * is written before it is done, conditionally on what was read, and who comes next does what is left. Data that cannot be
 * read holds the ramp, and freezes it after the plan's dead-man time. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const controller = rolloutController({ store, affectedUsers: { totals: async () => [] } })
 * const [report] = await controller.tick()
 * report?.verdict // 'hold' until the step's time is over
 * ```
 */
export function rolloutController(options: ControllerOptions): Controller {
  const { store, affectedUsers, publish, seenOneIn = 100, deadlineMs = 5_000 } = options
  const { nowMs = Date.now, log = logLine } = options
  if (typeof store?.put !== 'function') throw bad('store', 'a flag store')
  if (typeof affectedUsers?.totals !== 'function') throw bad('affectedUsers', 'where affected users are counted')
  if (!Number.isInteger(seenOneIn) || seenOneIn < 0) throw bad('seenOneIn', 'a whole number, or 0 for none')
  if (!(deadlineMs > 0)) throw bad('deadlineMs', 'positive')
  const port = { store, nowMs, publish }

  const put = async (before: StoredRollout, change: RolloutChange, verdict: Verdict): Promise<TickReport> => {
    const next = changed(before, change, nowMs())
    const outcome = await store.put('rollouts', next, { ifVersion: before.version })
    const done = outcome === 'written' ? await carryOut(port, next) : undefined
    if (outcome === 'stale') return report(before, 'superseded')
    return report(done ?? next, 'judged', { verdict, reasons: change.reasons })
  }

  const tickOne = async (found: StoredRollout): Promise<TickReport> => {
    const before = await carryOut(port, found)
    if (before === undefined) return report(found, 'superseded')
    const plan = planOf(before)
    const untilMs = Math.floor((nowMs() - plan.lagMinutes * MINUTE_MS) / MINUTE_MS) * MINUTE_MS
    // By the clock of whoever started or resumed it: nobody would judge until this one has caught up.
    const aheadMs = before.state.judgedUntilMs - nowMs()
    if (isOver(before.state) || (untilMs <= before.state.judgedUntilMs && aheadMs <= 0)) {
      return report(before, 'nothing-new')
    }
    const flag = await flagNow(store, plan, before)
    const current =
      flag.version === undefined || flag.percent === undefined
        ? before
        : withVersion(before, flag.version, flag.percent)
    const atMs = nowMs()
    const { observations, faults } = await observe(options, plan, untilMs)
    const { verdict, findings, state } = tick(plan, current.state, observations, atMs)
    const last = { atMs, verdict, findings }
    const ahead =
      aheadMs > 0 ? [`it was begun ${Math.ceil(aheadMs / 1000)} s ahead of this clock: no step ends before`] : []
    const words = [...findings.map((finding) => finding.words), ...faults, ...ahead]
    const runs = state.phase !== 'paused' && state.phase !== 'frozen' && state.phase !== 'rolled-back'
    if (flag.fault !== undefined && runs) {
      const reasons = [flag.fault, ...words]
      // No more than it has, so that a step that was not set is not set by the pause; who resumes begins the step again.
      const approvedUntilPercent = Math.min(current.state.approvedUntilPercent, current.flagPercent)
      const pausedState: RolloutState = { ...current.state, phase: 'paused', approvedUntilPercent }
      const author = { who: WHO, comment: flag.fault }
      return put(
        current,
        { state: pausedState, action: 'pause', events: ['Rollout Paused'], author, reasons, last },
        'hold',
      )
    }
    const step = stepOf(plan, current.state, state)
    if (step === undefined) {
      const next: StoredRollout = { ...current, version: current.version + 1, state, last }
      const outcome = await store.put('rollouts', next, { ifVersion: current.version })
      return outcome === 'stale' ? report(before, 'superseded') : report(next, 'judged', { verdict, reasons: words })
    }
    const author = { who: WHO, comment: reasonFor(verdict, findings) }
    return put(current, { state, ...step, author, reasons: words, last }, verdict)
  }

  const all = async (
    which: (rollout: StoredRollout) => boolean,
    act: (rollout: StoredRollout) => Promise<TickReport>,
  ): Promise<readonly TickReport[]> => {
    const rollouts = (await store.list('rollouts')) as unknown as readonly StoredRollout[]
    const failures: unknown[] = []
    const one = async (rollout: StoredRollout): Promise<readonly TickReport[]> => {
      try {
        checkStored(rollout)
        return which(rollout) ? [await act(rollout)] : []
      } catch (error) {
        failures.push(error)
        return [failed(rollout, error)]
      }
    }
    // Side by side: counts that never answer, of one, would use up the time of all others.
    const reports = (await Promise.all(rollouts.map(one))).flat()
    for (const one of reports) log(one)
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} of ${reports.length} rollouts failed`)
    return reports
  }

  const controller: Controller = {
    tick: () =>
      all(({ state, pending, outbox }) => !isOver(state) || pending !== undefined || outbox.length > 0, tickOne),
    alarm: (name, reason) =>
      all(
        (rollout) => !isOver(rollout.state) && planOf(rollout).alarms.includes(name),
        async (found) => {
          const words = `alarm ${name} went off: ${reason}`
          const findings: readonly Finding[] = [{ about: 'alarm', words }]
          let rollout: StoredRollout | undefined = found
          // It goes off once: a tick that was faster must not swallow it.
          for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
            if (rollout === undefined || isOver(rollout.state)) return report(rollout ?? found, 'superseded')
            const before = await carryOut(port, rollout)
            if (before !== undefined && !isOver(before.state)) {
              const change: RolloutChange = {
                state: rolledBackByHand(before.state),
                action: 'roll back',
                events: ['Rollout Rolled Back'],
                author: { who: WHO, comment: words },
                reasons: [words],
                last: { atMs: nowMs(), verdict: 'roll-back', findings },
              }
              const done = await put(before, change, 'roll-back')
              if (done.outcome !== 'superseded') return done
            }
            rollout = await readRollout(store, found.key)
          }
          throw new RolloutError('conflict', `The rollout of "${found.key}" is being changed by others all the time`)
        },
      ),
    handler: (event) => {
      const alarm = alarmOf(event)
      return alarm === undefined
        ? controller.tick()
        : alarm.isOn
          ? controller.alarm(alarm.name, alarm.reason)
          : controller.tick()
    },
  }
  return controller
}

interface FlagNow {
  readonly version?: number
  readonly percent?: number | undefined
  /** Why it is not as this rollout left it. */
  readonly fault?: string
}

async function flagNow(store: RolloutStore, plan: CheckedPlan, rollout: StoredRollout): Promise<FlagNow> {
  const { flagPercent, state } = rollout
  const flag = await store.get('features', plan.flag)
  if (flag === undefined || flag.deleted) return { fault: `${plan.flag} was deleted by somebody else` }
  const { version } = flag
  if (flag.on !== true) return { fault: `${plan.flag} was turned off by somebody else, at version ${version}` }
  const sides = sidesIn(flag, plan)
  if (sides === undefined)
    return { fault: `${plan.flag} has lost ${plan.canary} or ${plan.control}, at version ${version}` }
  const percent = percentIn(flag, sides)
  // Less than what the step has where it could not be set when the step began.
  const expected = state.approvedUntilPercent
  if (percent === flagPercent && percent !== expected) {
    return { version, percent, fault: `${plan.flag} has ${percent} % for ${plan.canary} instead of ${expected} %` }
  }
  if (percent === flagPercent) return { version, percent }
  const has = percent === undefined ? 'another fallthrough' : `${percent} % for ${plan.canary}`
  const fault = `${plan.flag} has ${has} by somebody else, at version ${version}, instead of ${flagPercent} %`
  return { version, percent, fault }
}

/** Somebody may have edited targets or rules: the share stays, under another version. */
function withVersion(rollout: StoredRollout, version: number, percent: number): StoredRollout {
  return { ...noted(rollout, version, percent), flagPercent: rollout.flagPercent }
}

/** What a tick changed that others have to know; `undefined` when only numbers did. */
function stepOf(
  plan: CheckedPlan,
  before: RolloutState,
  after: RolloutState,
): Pick<RolloutChange, 'action' | 'events'> | undefined {
  const told = (action: string, ...events: RolloutEventType[]) => ({ action, events })
  if (after.phase === 'rolled-back') return told('roll back', 'Rollout Rolled Back')
  if (after.phase === 'complete') return told('complete', 'Rollout Complete')
  if (after.step !== before.step) {
    const [from, to] = [plan.steps[before.step]?.percent, plan.steps[after.step]?.percent]
    return told(`step ${after.step + 1} of ${plan.steps.length}: ${from} % -> ${to} %`, 'Rollout Step Entered')
  }
  if (after.phase === before.phase) return undefined
  if (after.phase === 'frozen') return told('freeze', 'Rollout Frozen')
  return told(`wait for an approval of step ${after.step + 2}`, 'Rollout Approval Wanted')
}

/** What an audit entry says for the judge, who has no words of its own. */
function reasonFor(verdict: Verdict, findings: readonly Finding[]): string {
  const words = findings.map((finding) => finding.words).join('; ')
  return `${verdict}: ${words || 'nothing speaks against it'}`
}

function report(
  { key, plan, state, flagPercent }: StoredRollout,
  outcome: TickReport['outcome'],
  more: { readonly verdict?: Verdict; readonly reasons?: readonly string[] } = {},
): TickReport {
  const { verdict, reasons = [] } = more
  const said = { flag: key, rollout: plan.id, outcome, phase: state.phase, percent: flagPercent, reasons }
  return verdict === undefined ? said : { ...said, verdict }
}

/** Also of an item that is no rollout: it stands still until somebody looks at it. */
function failed(found: Partial<StoredRollout>, error: unknown): TickReport {
  const { key = '', plan, state, flagPercent } = found
  return {
    flag: key,
    rollout: String(plan?.id),
    outcome: 'failed',
    phase: state?.phase ?? 'frozen',
    percent: flagPercent ?? Number.NaN,
    reasons: [error instanceof Error ? error.message : String(error)],
  }
}

function logLine(report: TickReport): void {
  if (report.outcome !== 'nothing-new') console.info(JSON.stringify({ message: 'rollout tick', ...report }))
}

function bad(option: string, expected: string): WaybillError {
  return new WaybillError('bad_option', `rolloutController: option "${option}" must be ${expected}`)
}
