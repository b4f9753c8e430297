import type { Cause, Reason } from './decision.ts'
import type { DeclaredFlag } from './declared-flag.ts'
import type { JsonValue } from './json.ts'

/** One kind of evaluation context: who or what the flags are decided for. Attributes are JSON. */
export interface SingleContext {
  readonly kind?: string
  readonly key: string
  readonly anonymous?: boolean
  readonly [attribute: string]: JsonValue | undefined
}

/** Several kinds at once, each under its own name. */
export interface MultiContext {
  readonly kind: 'multi'
  readonly [kind: string]: 'multi' | Omit<SingleContext, 'kind'>
}

/** An evaluation context in LaunchDarkly's shape; `kind` is `user` when absent. */
export type EvaluationContext = SingleContext | MultiContext

/** What a source says of one flag. A `cause` means that it could not decide: the declared default is used. */
export interface SourceDecision {
  readonly value: JsonValue
  /** The declared name, found by value; otherwise the scalar value, otherwise `v<index>`. */
  readonly variation: string
  readonly version: number
  readonly reason: Reason
  readonly bucketed?: boolean
  readonly inExperiment?: boolean
  readonly track?: boolean
}

/**
 * A source's answer for all flags asked for, in the same order.
 * `stale`: from data past its time to live, because the store did not answer. `unavailable`: there is no data at all.
 */
export type SourceAnswer =
  | { readonly status: 'live' | 'stale'; readonly decisions: readonly (SourceDecision | { readonly cause: Cause })[] }
  | { readonly status: 'unavailable' }

/**
 * Where decisions come from at the edge. It answers with data and never throws; it may answer synchronously, and then
 * costs no promise. It counts nothing: the lifecycle does.
 *
 * @example
 * ```ts
 * const everybody: FlagSource = {
 *   decide: (_context, flags) => ({
 *     status: 'live',
 *     decisions: flags.map((flag) => ({
 *       value: flag.defaultValue, variation: flag.defaultVariation, version: 1, reason: 'PROVIDER',
 *     })),
 *   }),
 * }
 * ```
 */
export interface FlagSource {
  decide(
    context: EvaluationContext,
    flags: readonly DeclaredFlag[],
    signal?: AbortSignal,
  ): SourceAnswer | Promise<SourceAnswer>
  /** Optional: load ahead of the first request (provisioned concurrency). Never rejects. */
  warm?(): Promise<void>
}

/** An operator's order that reaches decisions already in flight: all of `flag` decided at version <= `upToVersion`. */
export interface Recall {
  readonly flag: string
  readonly upToVersion: number
  /** The declared variation that takes the place of what was decided. */
  readonly to: string
  /** What it is in the flag data: finds the declared variation where the flag data knows no names, as LaunchDarkly's. */
  readonly value?: JsonValue
}

/** Where recalls come from: read synchronously from memory; how it is refreshed is the source's own affair. */
export interface RecallSource {
  current(): readonly Recall[]
  /** Awaited before a handler; refreshes when due. Never rejects. */
  refresh?(): Promise<void> | undefined
  /** True while it cannot be refreshed: recalls may have been ordered that it does not know. Counted per invocation. */
  isBehind?(): boolean
}

/** The recalls in force; none where a source breaks its word, so that no read of a flag does. */
export function recallsOf(source: RecallSource | undefined): readonly Recall[] {
  try {
    return source?.current() ?? NO_RECALLS
  } catch {
    return NO_RECALLS
  }
}

const NO_RECALLS: readonly Recall[] = []
