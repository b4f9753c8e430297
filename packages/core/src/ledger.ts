import type { Cause } from './decision.ts'
import type { Refusal } from './token/open.ts'

/** Worth a number, nothing is wrong. What is not among these is a loss. */
export const NOTES = [
  'source_stale',
  'overridden',
  'pinned',
  'no_token',
  'old_stamp',
  'inbound_discarded',
  'unknown_format',
  'undecided',
  'refused',
  'expired_kept',
  'reevaluated',
  'recalled',
  'never_read',
  'no_scope',
  'not_targeted',
  'already_stamped',
  'merge_conflict',
  'early_return',
] as const

/** Why a count was made: a decision's cause, a token's refusal, or what befell an event, a send or an observer. */
export type CountCode =
  | Cause
  | Refusal
  | (typeof NOTES)[number]
  | 'pin_failed'
  | 'claim_mismatch'
  | 'no_old_image'
  | 'keys_unavailable'
  | 'recalls_unavailable'
  | 'shed'
  | 'no_room'
  | 'attributes_full'
  | 'uncarried'
  | 'named_execution'
  | 'named_transaction'
  | 'unsized_update'
  | 'unexposed'
  | 'stamp_failed'
  | 'record_unmatched'
  | 'observer_failed'
  | 'affected_users_failed'

export type Counts = ReadonlyMap<CountCode, number>

/** Counts by code. Bounded by the table: it cannot grow. */
export class Ledger {
  #counts: Map<CountCode, number> | undefined

  count(code: CountCode, by = 1): void {
    this.#counts ??= new Map()
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + by)
  }

  /** What was counted since the last time; it is then forgotten here. */
  drain(): Counts {
    const drained = this.#counts ?? NOTHING
    this.#counts = undefined
    return drained
  }
}

const NOTHING: Counts = new Map()

/** What is counted outside any scope waits here for the next report. */
export const processLedger: Ledger = new Ledger()

export function addCounts(a: Counts, b: Counts): Counts {
  if (b.size === 0) return a
  if (a.size === 0) return b
  const sum = new Map(a)
  for (const [code, by] of b) sum.set(code, (sum.get(code) ?? 0) + by)
  return sum
}

const warned = new Set<CountCode>()

/**
 * One line per code and environment, for those who have no observer: nothing is lost silently. What a code means is said
 * in `COUNTS` and in docs/operations.md, not here: its sentences would be an eighth of a function's bundle.
 */
export function warnOfLosses(counts: Counts, warn: (line: string) => void = console.warn): void {
  for (const code of counts.keys()) {
    if (isNote(code) || warned.has(code)) continue
    warned.add(code)
    warn(
      JSON.stringify({
        level: 'WARN',
        message: `waybill: ${code}`,
        code,
        hint: `docs/operations.md, and COUNTS.${code} of @waybill/core, say what it means; said once, add an observer to count`,
      }),
    )
  }
}

function isNote(code: CountCode): boolean {
  return (NOTES as readonly CountCode[]).includes(code)
}
