import type { Decision } from './decision.ts'
import type { Counts } from './ledger.ts'

/** What an observer sees of a scope. */
export interface ObservedScope {
  readonly role: 'edge' | 'inner'
  /** `invocation`: one event, one scope. `batch`: an event of many records. `record`: one of them. */
  readonly kind: 'invocation' | 'batch' | 'record'
  /** The carrier that the event came by, e.g. `http` or `kinesis`; absent for an event of no known carrier. */
  readonly carrier?: string
  /** Decisions of the flags declared `observe`, as this function honours them. Empty for a batch. */
  observed(): readonly Decision[]
  /** The subject's fingerprint, where there is one; never a user's id. Opens the token if nobody has. */
  readonly subject?: string | undefined
}

/** What became of a scope. */
export interface ScopeReport {
  readonly scope: ObservedScope
  readonly outcome: 'succeeded' | 'failed' | 'early_return'
  readonly durationMs: number
  readonly error?: unknown
  /** The decisions that were read, first read first. */
  readonly reads: readonly Decision[]
  /**
   * Decisions that came for declared flags and that nobody read, though the function succeeded: was it deployed without
   * its canary path? Always empty at an edge, for a batch, and for a scope that did not succeed.
   */
  readonly unread: readonly Decision[]
  readonly counts: Counts
}

/**
 * Metrics, traces and logs are observers. None of its functions can fail a handler: what they throw is counted.
 *
 * @example
 * ```ts
 * const counter: Observer = { reportsCounts: true, end: ({ counts }) => console.log(Object.fromEntries(counts)) }
 * ```
 */
export interface Observer {
  /** It passes on the counts: without such an observer each loss is said once on the console. */
  readonly reportsCounts?: boolean
  /** The scope is open and the handler has not run yet. */
  begin?(scope: ObservedScope): void
  /** Runs the handler inside something of the observer's, e.g. a subsegment. Must return what `run` returns. */
  around?<T>(scope: ObservedScope, run: () => T): T
  end?(report: ScopeReport): void
  /**
   * What must be out before the environment may freeze; `undefined` when nothing waits. Awaited after `end`, for records
   * once with their batch. It cannot fail a handler: a rejection, or more than `flushDeadlineMs`, is counted.
   */
  flush?(): Promise<unknown> | undefined
  /** The longest that a handler's answer waits for `flush`. Default 500. */
  readonly flushDeadlineMs?: number
}
