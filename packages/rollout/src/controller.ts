import { WaybillError } from '@waybill/core'
import { carryOut } from './carry-out.ts'
import { messageOf, RolloutError } from './errors.ts'
import type { PublishEvents } from './events.ts'
import { rolledBackByHand } from './interventions.ts'
import { alarmOf } from './lambda-event.ts'
import type { ObservingOptions } from './observing.ts'
import { isOver } from './state.ts'
import { checkStored } from './stored-fault.ts'
import {
  listRollouts,
  planOf,
  type RolloutChange,
  type RolloutStore,
  readRollout,
  type StoredRollout,
} from './stored-rollout.ts'
import { putChange, report, type TickOptions, type TickReport, tickRollout, WHO } from './tick-rollout.ts'

export interface ControllerOptions extends ObservingOptions {
  readonly store: RolloutStore
  /** Told of every change, such as `eventBridgeEvents` takes them. */
  readonly publish?: PublishEvents
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** Told of each tick of each rollout. Default: one JSON line on the console. */
  readonly log?: (report: TickReport) => void
}

export interface Controller {
  /** Ticks every rollout that is under way. Rejects after all of them when one failed, so that the schedule's own alarms see it. */
  tick(): Promise<readonly TickReport[]>
  /** Rolls back every rollout whose plan names this alarm. */
  alarm(name: string, reason: string): Promise<readonly TickReport[]>
  /** For Lambda: a schedule's event, or an alarm's. */
  handler(event: unknown): Promise<readonly TickReport[]>
}

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
  const { store, affectedUsers, seenOneIn = 100, deadlineMs = 5_000 } = options
  const { nowMs = Date.now, log = logLine } = options
  if (typeof store?.put !== 'function') throw bad('store', 'a flag store')
  if (typeof affectedUsers?.totals !== 'function') throw bad('affectedUsers', 'where affected users are counted')
  if (!Number.isInteger(seenOneIn) || seenOneIn < 0) throw bad('seenOneIn', 'a whole number, or 0 for none')
  if (!(deadlineMs > 0)) throw bad('deadlineMs', 'positive')
  const port: TickOptions = { ...options, nowMs }

  const all = async (
    which: (rollout: StoredRollout) => boolean,
    act: (port: TickOptions, rollout: StoredRollout) => Promise<TickReport>,
  ): Promise<readonly TickReport[]> => {
    const rollouts = await listRollouts(store)
    const failures: unknown[] = []
    const one = async (rollout: StoredRollout): Promise<readonly TickReport[]> => {
      const untold: string[] = []
      const onUnpublished = (error: unknown): void => void untold.push(`events wait: ${messageOf(error)}`)
      try {
        checkStored(rollout)
        if (!which(rollout)) return []
        const done = await act({ ...port, onUnpublished }, rollout)
        return [{ ...done, reasons: [...done.reasons, ...untold] }]
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
      all(({ state, pending, outbox }) => !isOver(state) || pending !== undefined || outbox.length > 0, tickRollout),
    alarm: (name, reason) =>
      all(
        (rollout) => !isOver(rollout.state) && planOf(rollout).alarms.includes(name),
        (port, found) => rolledBackBy(port, found, `alarm ${name} went off: ${reason}`),
      ),
    handler: (event) => {
      const alarm = alarmOf(event)
      return alarm?.isOn ? controller.alarm(alarm.name, alarm.reason) : controller.tick()
    },
  }
  return controller
}

/** An alarm goes off once: a tick that was faster must not swallow it. */
async function rolledBackBy(port: TickOptions, found: StoredRollout, words: string): Promise<TickReport> {
  let rollout: StoredRollout | undefined = found
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
        last: { atMs: port.nowMs(), verdict: 'roll-back', findings: [{ about: 'alarm', words }] },
      }
      const done = await putChange(port, before, change, 'roll-back')
      if (done.outcome !== 'superseded') return done
    }
    rollout = await readRollout(port.store, found.key)
  }
  throw new RolloutError('conflict', `The rollout of "${found.key}" is being changed by others all the time`)
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
    reasons: [messageOf(error)],
  }
}

function logLine(report: TickReport): void {
  if (report.outcome !== 'nothing-new' || report.reasons.length > 0)
    console.info(JSON.stringify({ message: 'rollout tick', ...report }))
}

function bad(option: string, expected: string): WaybillError {
  return new WaybillError('bad_option', `rolloutController: option "${option}" must be ${expected}`)
}
