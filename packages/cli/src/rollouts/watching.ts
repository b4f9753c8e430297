import type { AuditItem, FlagData } from '@waybill/flags'
import type { StoredRollout } from '@waybill/rollout'
import { Failure, messageOf } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { inOrder } from './open-rollouts.ts'
import { isOverNow, type Overview, overviewOf } from './overview.ts'

/** What one look at a rollout reads. */
export interface Look {
  readonly rollout: StoredRollout | undefined
  readonly flag: FlagData | undefined
}

/** Where a watcher reads; every call may reject, and the next one may work again. */
export interface Watched {
  readonly storeName: string
  look(): Promise<Look>
  /** Every change of the flag's rollouts. */
  history(): Promise<readonly AuditItem[]>
}

/** What a watcher shows: all that is known, and since when nothing is heard of the store. */
export interface Sight {
  readonly overview: Overview
  /** Every change of the flag's rollouts, the oldest first. */
  readonly history: readonly AuditItem[]
  readonly outage?: { readonly sinceMs: number; readonly message: string }
}

export interface Display {
  /** Called at each look: what is shown may have grown old. */
  show(sight: Sight, nowMs: number): void
}

export type WatchEnd = 'complete' | 'rolled-back' | 'interrupted'

/** Codes of an outage: the same question may be answered next time. */
const PASSING: readonly string[] = ['store_unavailable', 'deadline']

/**
 * Looks at a rollout until it is over or somebody interrupts. A store that does not answer for a while is shown as such; one
 * that does not answer at the very first look, and one that refuses, ends it with a failure.
 */
export async function watchRollout(
  flag: string,
  watched: Watched,
  display: Display,
  terminal: Pick<Terminal, 'nowMs' | 'sleep'>,
  { everyMs, interrupted }: { readonly everyMs: number; readonly interrupted: AbortSignal },
): Promise<WatchEnd> {
  let sight: Sight | undefined
  let known = ''
  const aborted = new Promise<'interrupted'>((resolve) => {
    interrupted.addEventListener('abort', () => resolve('interrupted'), { once: true })
    if (interrupted.aborted) resolve('interrupted')
  })
  const look = async (): Promise<Sight> => {
    const { rollout, flag: data } = await watched.look()
    if (rollout === undefined) {
      throw new Failure('not_found', `There is no rollout of "${flag}" in ${watched.storeName}`)
    }
    const overview = overviewOf(rollout, data, terminal.nowMs())
    // The trail is read when there is something new in it, and not with every minute's numbers.
    const { rollout: id, phase, attempt, step, approvals, startedAtMs, pending } = overview
    const stage = JSON.stringify([id, startedAtMs, phase, attempt, step, approvals, pending !== null])
    const history = sight !== undefined && stage === known ? sight.history : inOrder(await watched.history())
    known = stage
    return { overview, history }
  }
  while (!interrupted.aborted) {
    try {
      const seen = await Promise.race([look(), aborted])
      if (seen === 'interrupted') return seen
      sight = seen
    } catch (error) {
      if (sight === undefined || !(error instanceof Failure) || !PASSING.includes(error.code)) throw error
      const outage = { sinceMs: sight.outage?.sinceMs ?? terminal.nowMs(), message: messageOf(error) }
      sight = { ...sight, outage }
    }
    display.show(sight, terminal.nowMs())
    const { phase } = sight.overview
    if (sight.outage === undefined && isOverNow(sight.overview))
      return phase === 'complete' ? 'complete' : 'rolled-back'
    await terminal.sleep(everyMs, interrupted)
  }
  return 'interrupted'
}
