import { addCounts, processLedger, warnOfLosses } from '../ledger.ts'
import type { ObservedScope, Observer, ScopeReport } from '../observer.ts'
import type { LiveScope, Outcome } from '../scope.ts'

/** What the observers of a scope are told, and when; nothing that they throw reaches the handler. */
export interface Observation {
  begin(): void
  around<T>(run: () => T): T
  end(outcome: Outcome): void
}

export interface ObservationOptions {
  readonly role: ObservedScope['role']
  readonly kind: ObservedScope['kind']
  readonly carrier: string | undefined
  readonly observers: readonly Observer[]
  readonly isFailure: (response: unknown) => boolean
}

export function observe(scope: LiveScope, options: ObservationOptions): Observation {
  const { observers, role, kind, carrier } = options
  const observed: ObservedScope = {
    role,
    kind,
    ...(carrier === undefined ? {} : { carrier }),
    observed: () =>
      kind === 'batch' ? [] : scope.settings.flags.filter((flag) => flag.observe).map((flag) => scope.resolve(flag)),
  }
  const safely = (what: () => void): void => {
    try {
      what()
    } catch {
      scope.count('observer_failed')
    }
  }
  const startMs = performance.now()
  let ended = false
  return {
    begin: () => {
      for (const observer of observers) safely(() => observer.begin?.(observed))
    },
    around: (run) => observers.reduceRight((inner, observer) => wrapped(observer, observed, inner, scope), run)(),
    end: (outcome) => {
      if (ended) return
      ended = true
      const report: ScopeReport = {
        scope: observed,
        ...verdict(outcome, options.isFailure),
        durationMs: performance.now() - startMs,
        reads: scope.reads,
        counts: addCounts(scope.ledger.drain(), processLedger.drain()),
      }
      scope.close()
      if (observers.length === 0) warnOfLosses(report.counts)
      for (const observer of observers) {
        safely(() => observer.end?.(report))
      }
    },
  }
}

/** Runs `run` once and once only, whatever the observer does before it. */
function wrapped<T>(observer: Observer, observed: ObservedScope, run: () => T, scope: LiveScope): () => T {
  const around = observer.around?.bind(observer)
  if (around === undefined) return run
  return () => {
    let ran: { readonly result: T } | { readonly thrown: unknown } | undefined
    const once = (): T => {
      try {
        ran = { result: run() }
        return ran.result
      } catch (thrown) {
        ran = { thrown }
        throw thrown
      }
    }
    try {
      return around(observed, once)
    } catch {
      if (ran !== undefined && 'thrown' in ran) throw ran.thrown
      scope.count('observer_failed')
      return ran === undefined ? run() : ran.result
    }
  }
}

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
