import type { AuditItem } from '@waybill/flags'
import { type RolloutOperator, rolloutOperator } from '@waybill/rollout'
import {
  namesFile,
  type Report,
  type Session,
  type SharedOptions,
  type StoreContext,
  showFromStore,
} from '../commands/run-command.ts'
import { Failure } from '../failure.ts'

export interface RolloutContext extends StoreContext {
  readonly rollouts: RolloutOperator
}

/** A file has no controller: a rollout in it would stand at its first step, and nobody would roll it back. */
export function refuseFile(options: SharedOptions, { terminal }: Session): void {
  if (!namesFile(options, terminal.env)) return
  throw new Failure(
    'bad_input',
    'A controller drives rollouts in a table or in Redis, not in a file: say --table NAME or --redis URL',
  )
}

/** Does something with the rollouts of a store, and prints what it reports. */
export function showFromRollouts(
  session: Session,
  options: SharedOptions,
  work: (context: RolloutContext) => Promise<Report>,
): Promise<void> {
  refuseFile(options, session)
  return showFromStore(session, options, (context) => {
    const { store, terminal } = context
    return work({ ...context, rollouts: rolloutOperator({ store, nowMs: terminal.nowMs }) })
  })
}

/** The oldest first. Keys have the time in them, and of two in one millisecond no order. */
export function inOrder(records: readonly AuditItem[]): readonly AuditItem[] {
  return records.toSorted((a, b) => a.atMs - b.atMs)
}
