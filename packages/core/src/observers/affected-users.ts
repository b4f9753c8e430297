import type { Decision } from '../decision.ts'
import { WaybillError } from '../errors.ts'
import { processLedger } from '../ledger.ts'
import { within } from '../lifecycle/within.ts'
import type { Observer } from '../observer.ts'

/**
 * A user of one variation of a flag. `seen`: had it, and is in the sample; `error`: met a failure under it; `slow`: waited
 * longer than allowed. `subject` is the waybill's fingerprint, `version` the flag data's.
 */
export interface AffectedUser {
  readonly flag: string
  /** A user counts once under it, whatever the variation. */
  readonly rollout: string
  readonly variation: string
  readonly version: number
  readonly kind: 'seen' | 'error' | 'slow'
  readonly subject: string
  /** Seconds since the epoch; from then on the user would count anew. */
  readonly expiresAtSeconds: number
}

export type AffectedUserTotal = Pick<AffectedUser, 'variation' | 'version' | 'kind'> & { readonly users: number }

/** Where affected users are counted. Implementations are tested by `affectedUsersContract` of `@waybill/core/testing`. */
export interface AffectedUsers {
  /**
   * Counts a subject once for each flag, rollout and kind: the first who comes is added to the total of its variation and
   * version, all later ones change nothing. Exact, also when the writer dies halfway. Whether it was the first; after an
   * answer that was lost, that may be unknown and is then no. Rejects when the store did not take it.
   */
  add(user: AffectedUser): Promise<boolean>
  /** Exact totals, strongly consistent, in no particular order. */
  totals(flag: string, rollout: string): Promise<readonly AffectedUserTotal[]>
}

export interface AffectedUsersOptions {
  readonly store: Pick<AffectedUsers, 'add'>
  /** Users who waited longer than this count as `slow`. Default: nobody does. */
  readonly slowMs?: number
  /**
   * One in so many users counts as `seen`: always the same ones, in every function. 0: none. Default 100. A judge needs
   * them to know that users fell to the variations as they should have, and how many there are.
   */
  readonly seenOneIn?: number
  /** Under what a user counts once. Default: the flag's key, so once in `ttlSeconds`. */
  readonly rolloutOf?: (decision: Decision) => string
  /** How long a user stays counted. Default seven days. */
  readonly ttlSeconds?: number
  /** How long the store may take before a handler's answer goes on without it. Default 500. */
  readonly deadlineMs?: number
  /** Told of each user who was the first: for a metric. */
  readonly onNew?: (user: AffectedUser) => void
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
}

/** How many users an execution environment remembers, so as not to ask the store again: about 1 MB. */
const REMEMBERED = 10_000
const SEVEN_DAYS_SECONDS = 7 * 86_400

/**
 * Counts users who met a failure, each once per rollout: users stick to their variation, so one broken user may fail a
 * thousand times, and attempts say nothing about how many are affected. Only decisions that a percentage made are
 * counted: targeted users are no fair sample. The handler's answer waits for the store, since the environment may freeze
 * after it; what the store does not take is counted as `affected_users_failed`. Throws `bad_option`.
 *
 * @example
 * ```ts
 * const store: Pick<AffectedUsers, 'add'> = { add: async () => true }
 * const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), {
 *   flags, keys, observers: [affectedUsers({ store, slowMs: 2_000 })],
 * })
 * ```
 */
export function affectedUsers(options: AffectedUsersOptions): Observer {
  const { store, slowMs, seenOneIn = 100, rolloutOf = keyOf, onNew, nowMs = Date.now } = options
  const { ttlSeconds = SEVEN_DAYS_SECONDS, deadlineMs = 500 } = options
  if (typeof store?.add !== 'function') throw bad('store', 'where affected users are counted')
  if (slowMs !== undefined && !(slowMs > 0)) throw bad('slowMs', 'positive')
  if (!Number.isInteger(seenOneIn) || seenOneIn < 0) throw bad('seenOneIn', 'a whole number, or 0 for none')
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1) throw bad('ttlSeconds', 'a whole number of seconds')
  if (!(deadlineMs > 0)) throw bad('deadlineMs', 'positive')
  const known = new Set<string>()
  const writing = new Set<Promise<unknown>>()

  const add = (kind: AffectedUser['kind'], decisions: readonly Decision[], subject: string): void => {
    const expiresAtSeconds = Math.floor(nowMs() / 1000) + ttlSeconds
    for (const decision of decisions) {
      if (decision.bucketed !== true) continue
      const { flag, variation, version } = decision
      const user = { flag, rollout: rolloutOf(decision), variation, version, kind, subject, expiresAtSeconds }
      const id = JSON.stringify([kind, subject, flag, user.rollout])
      if (known.has(id)) continue
      remember(known, id)
      const written = write(user, id)
      writing.add(written)
      void written.then(() => writing.delete(written))
    }
  }
  /** Also of one who was taken too late for the handler's answer. */
  const tellNew = async (user: AffectedUser, added: Promise<boolean>): Promise<void> => {
    if (!(await added)) return
    try {
      onNew?.(user)
    } catch {
      processLedger.count('observer_failed')
    }
  }
  const write = async (user: AffectedUser, id: string): Promise<void> => {
    try {
      await within(deadlineMs, tellNew(user, store.add(user)))
    } catch {
      // The next failure of this user asks again.
      known.delete(id)
      processLedger.count('affected_users_failed')
    }
  }

  return {
    flushDeadlineMs: deadlineMs,
    begin: (scope) => {
      if (scope.kind === 'batch' || seenOneIn === 0) return
      const { subject } = scope
      if (subject !== undefined && isSampled(subject, seenOneIn)) add('seen', scope.observed(), subject)
    },
    end: ({ scope, outcome, durationMs }) => {
      const failed = outcome === 'failed'
      const slow = slowMs !== undefined && durationMs > slowMs && outcome !== 'early_return'
      if (scope.kind === 'batch' || !(failed || slow)) return
      const { subject } = scope
      if (subject === undefined) return
      const decisions = scope.observed()
      if (failed) add('error', decisions, subject)
      if (slow) add('slow', decisions, subject)
    },
    flush: () => (writing.size === 0 ? undefined : Promise.all(writing)),
  }
}

function bad(option: string, expected: string): WaybillError {
  return new WaybillError('bad_option', `affectedUsers: option "${option}" must be ${expected}`)
}

const keyOf = ({ flag }: Decision): string => flag

/** The oldest is forgotten first. */
function remember(known: Set<string>, id: string): void {
  if (known.size >= REMEMBERED) for (const oldest of known) if (known.delete(oldest)) break
  known.add(id)
}

/** By the subject alone, so that all functions sample the same users. FNV-1a: fingerprints are uniform as they are. */
function isSampled(subject: string, oneIn: number): boolean {
  let hash = 0x811c9dc5
  for (let at = 0; at < subject.length; at += 1) hash = Math.imul(hash ^ subject.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % oneIn === 0
}
