import type { JsonValue } from './json.ts'

/**
 * Why a flag has the variation that it has. Travels as one letter (see `docs/wire-format.md`).
 * The first five are LaunchDarkly's; `PROVIDER` is any other system's own, `DEFAULT` the declared default.
 */
export type Reason =
  | 'OFF'
  | 'FALLTHROUGH'
  | 'TARGET_MATCH'
  | 'RULE_MATCH'
  | 'PREREQUISITE_FAILED'
  | 'ERROR'
  | 'DEFAULT'
  | 'OVERRIDE'
  | 'RECALL'
  | 'PROVIDER'

/** How this function came by the decision. */
export type Origin = 'evaluated' | 'propagated' | 'override' | 'recalled' | 'default'

/** What went wrong, where a decision is not the one that was wished for. Each is a count code of the ledger. */
export type Cause =
  | 'no_subject'
  | 'source_unavailable'
  | 'source_failed'
  | 'flag_not_found'
  | 'malformed_flag'
  | 'wrong_type'
  | 'undeclared_variation'
  | 'value_unresolved'
  | 'undecided'
  | 'refused'
  | 'expired'
  | 'expired_kept'
  | 'dropped'
  | 'no_scope'
  | 'scope_closed'

/** One flag's outcome for one subject. `variation` is its declared name, `version` the flag data's (0: no data). */
export interface Decision<V extends JsonValue = JsonValue> {
  readonly flag: string
  readonly variation: string
  readonly value: V
  readonly version: number
  readonly reason: Reason
  readonly origin: Origin
  readonly cause?: Cause
  /** Seconds since the epoch at which it was decided; re-sealing, merging and forwarding keep it. */
  readonly decidedAtSeconds: number
  /** Decided by the bucket of the flag's general percentage, no rule's: a rollout's judge counts only these. */
  readonly bucketed?: boolean
  readonly inExperiment?: boolean
  /** Exposures and goals are wanted for it. */
  readonly track?: boolean
  /** The value was too large to travel: `value` is null until a declared flag with this digest resolves it. */
  readonly digest?: string
}
