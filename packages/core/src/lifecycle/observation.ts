import type { Decision } from '../decision.ts'
import { addCounts, processLedger, warnOfLosses } from '../ledger.ts'
import type { ObservedScope, Observer, ScopeReport } from '../observer.ts'
import type { LiveScope, Outcome } from '../scope.ts'
import { within } from './within.ts'

/** How a lifecycle watches its scopes: the same for all of them. */
export interface Watch {
  readonly role: ObservedScope['role']
  readonly observers: readonly Observer[]
  readonly isFailure: (response: unknown) => boolean
}

/** What the observers of one scope are told, and when; nothing that they throw reaches the handler. */
export class Observation implements ObservedScope {
  readonly role: ObservedScope['role']
  readonly kind: ObservedScope['kind']
  readonly carrier?: string
  readonly #scope: LiveScope
  readonly #watch: Watch
  readonly #startMs: number
  #ended = false

  /** `scope` says from now on that this is what watches it. */
  constructor(scope: LiveScope, watch: Watch, kind: ObservedScope['kind'], carrier: string | undefined) {
    this.role = watch.role
    this.kind = kind
    if (carrier !== undefined) this.carrier = carrier
    this.#scope = scope
    this.#watch = watch
    this.#startMs = watch.observers.length === 0 ? 0 : performance.now()
    scope.observation = this
  }

  get subject(): string | undefined {
    const cargo = this.kind === 'batch' ? undefined : this.#scope.cargo()
    return cargo !== undefined && 'waybill' in cargo ? cargo.waybill.subject : undefined
  }

  observed(): readonly Decision[] {
    if (this.kind === 'batch') return []
    return this.#scope.settings.flags.filter((flag) => flag.observe).map((flag) => this.#scope.resolve(flag))
  }

  begin(): void {
    for (const observer of this.#watch.observers) this.#safely(() => observer.begin?.(this))
  }

  around<T>(run: () => T): T {
    let wrapped = run
    for (const observer of this.#watch.observers.toReversed()) {
      if (observer.around !== undefined) wrapped = this.#wrapped(observer, wrapped)
    }
    return wrapped()
  }

  /** `arrived`: a token came, which may hold what should have been read. */
  end(outcome: Outcome, arrived = false): void {
    if (this.#ended) return
    this.#ended = true
    const scope = this.#scope
    const { observers } = this.#watch
    // Not without observers: nobody would be told, and a token may have to be opened for it.
    const judged = observers.length === 0 ? undefined : verdict(outcome, this.#watch.isFailure)
    const unread = arrived && judged?.outcome === 'succeeded' ? scope.unread() : []
    if (unread.length > 0) scope.count('never_read', unread.length)
    const counts = addCounts(scope.ledger.drain(), processLedger.drain())
    if (counts.size > 0 && !observers.some((observer) => observer.reportsCounts)) warnOfLosses(counts)
    if (judged === undefined) {
      scope.close()
      return
    }
    const report: ScopeReport = {
      scope: this,
      ...judged,
      durationMs: performance.now() - this.#startMs,
      reads: scope.reads,
      unread,
      counts,
    }
    scope.close()
    for (const observer of observers) this.#safely(() => observer.end?.(report))
  }

  /** Waits for what observers still write, each within its deadline. Never rejects. */
  flush(): Promise<unknown> | undefined {
    let waiting: Promise<unknown>[] | undefined
    for (const observer of this.#watch.observers) {
      if (observer.flush === undefined) continue
      let writing: Promise<unknown> | undefined
      this.#safely(() => {
        writing = observer.flush?.()
      })
      if (writing === undefined) continue
      waiting ??= []
      waiting.push(
        within(observer.flushDeadlineMs ?? FLUSH_DEADLINE_MS, writing).catch(() =>
          this.#scope.count('observer_failed'),
        ),
      )
    }
    return waiting && Promise.all(waiting)
  }

  #safely(what: () => void): void {
    try {
      what()
    } catch {
      this.#scope.count('observer_failed')
    }
  }

  /** Runs the handler once and once only, whatever the observer does before and after it. */
  #wrapped<T>(observer: Observer, run: () => T): () => T {
    return () => {
      let ran: { readonly result: T } | { readonly thrown: unknown } | undefined
      const once = (): T => {
        try {
          const result = run()
          ran = { result }
          return result
        } catch (thrown) {
          ran = { thrown }
          throw thrown
        }
      }
      try {
        return observer.around?.(this, once) as T
      } catch {
        const outcome = ran as { readonly result: T } | { readonly thrown: unknown } | undefined
        if (outcome !== undefined && 'thrown' in outcome) throw outcome.thrown
        this.#scope.count('observer_failed')
        return outcome === undefined ? run() : outcome.result
      }
    }
  }
}

const FLUSH_DEADLINE_MS = 500

function verdict(outcome: Outcome, isFailure: (response: unknown) => boolean): Pick<ScopeReport, 'outcome' | 'error'> {
  if (outcome === 'early_return') return { outcome }
  if ('error' in outcome) return { outcome: 'failed', error: outcome.error }
  let failed = false
  try {
    failed = isFailure(outcome.response)
  } catch {
    // A predicate that fails on an odd response says nothing about the handler.
  }
  return { outcome: failed ? 'failed' : 'succeeded' }
}

/** A status of 500 and more; a thrown error is always a failure. */
export function failedByStatus(response: unknown): boolean {
  const status = typeof response === 'object' && response !== null && 'statusCode' in response ? response.statusCode : 0
  return typeof status === 'number' && status >= 500
}
