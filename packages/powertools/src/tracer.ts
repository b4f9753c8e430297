import type { Tracer } from '@aws-lambda-powertools/tracer'
import type { ObservedScope, Observer } from '@waybill/core'

export interface VariationTracesOptions {
  /** The tracer that the function uses. */
  readonly tracer: Pick<Tracer, 'getRootXrayTraceId' | 'getSegment' | 'isTracingEnabled' | 'provider'>
  /** What a record's subsegment is called. Default `## record`. */
  readonly recordName?: string
}

/** X-Ray indexes so many for a whole trace: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html */
const MAX_ANNOTATIONS = 50
const MAX_KEY_LENGTH = 500
/** Traces that are counted at the same time: concurrent invocations of one environment. */
const MAX_TRACES = 64

/** A subsegment of the X-Ray SDK, by shape. */
interface Subsegment {
  addAnnotation(key: string, value: string): void
  addMetadata(key: string, value: unknown, namespace?: string): void
  addError(error: Error | string): void
  addFaultFlag(): void
  close(): void
}

/**
 * Annotates traces with the variation of each flag declared `observe`: `flag_new_order_flow = "canary"`, to filter by. An
 * invocation's go onto the subsegment of `captureLambdaHandler`, which stands before ours; a wrapper opens one where there
 * is none. Each record of a batch has a subsegment of its own, also in parallel. Keys are letters, digits and `_`; beyond the
 * 50 that X-Ray indexes in a trace they are metadata (`waybill`), which can be read and not searched.
 *
 * @example
 * ```ts
 * const tracer = new Tracer({ serviceName: 'orders' })
 * const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), {
 *   flags, keys, observers: [variationTraces({ tracer })],
 * })
 * ```
 */
export function variationTraces({ tracer, recordName = '## record' }: VariationTracesOptions): Observer {
  const opened = new WeakMap<ObservedScope, Subsegment>()
  const roomFor = annotationBudget()

  const annotate = (subsegment: Subsegment, scope: ObservedScope): void => {
    const trace = tracer.getRootXrayTraceId() ?? ''
    const rest: Record<string, string> = {}
    const used = new Set<string>()
    for (const { flag, variation } of scope.observed()) {
      if (roomFor(trace)) subsegment.addAnnotation(keyOf(flag, used), variation)
      else rest[flag] = variation
    }
    if (Object.keys(rest).length > 0) subsegment.addMetadata('variations', rest, 'waybill')
  }
  const within = <T>(name: string, scope: ObservedScope, run: () => T): T => {
    // The SDK closes what it opened when it sees a throw: ours is closed at the end, once.
    let ran: { readonly result: T } | { readonly thrown: unknown } | undefined
    tracer.provider.captureAsyncFunc(name, (subsegment) => {
      try {
        if (subsegment !== undefined) {
          opened.set(scope, subsegment)
          annotate(subsegment, scope)
        }
        ran = { result: run() }
      } catch (thrown) {
        ran = { thrown }
      }
    })
    const outcome = ran as { readonly result: T } | { readonly thrown: unknown } | undefined
    if (outcome === undefined) return run()
    if ('thrown' in outcome) throw outcome.thrown
    return outcome.result
  }

  return {
    begin: (scope) => {
      if (scope.kind !== 'invocation' || !tracer.isTracingEnabled()) return
      const segment = tracer.getSegment()
      if (isSubsegment(segment)) annotate(segment, scope)
    },
    around: (scope, run) => {
      if (scope.kind === 'batch' || !tracer.isTracingEnabled()) return run()
      if (scope.kind === 'record') return within(recordName, scope, run)
      // Lambda's own segment takes no annotations.
      const segment = tracer.getSegment()
      if (segment === undefined || isSubsegment(segment)) return run()
      return within(`## ${process.env['_HANDLER'] ?? 'handler'}`, scope, run)
    },
    end: ({ scope, outcome, error }) => {
      const subsegment = opened.get(scope)
      if (subsegment === undefined) return
      opened.delete(scope)
      if (error instanceof Error) subsegment.addError(error)
      else if (outcome === 'failed') subsegment.addFaultFlag()
      subsegment.close()
    },
  }
}

/** Lambda's own segment, which the SDK only imitates, has no parent. */
function isSubsegment(segment: object | undefined): segment is Subsegment {
  return segment !== undefined && 'parent' in segment
}

/** `new-order-flow` is `flag_new_order_flow`; where two flags would be the same the later one is numbered. */
function keyOf(flag: string, used: Set<string>): string {
  const key = `flag_${flag.replace(/[^A-Za-z0-9_]/g, '_')}`.slice(0, MAX_KEY_LENGTH - 3)
  let unique = key
  for (let number = 2; used.has(unique); number += 1) unique = `${key}_${number}`
  used.add(unique)
  return unique
}

/** Whether a trace has room for one more annotation of ours; the oldest traces are forgotten. */
function annotationBudget(): (trace: string) => boolean {
  const usedBy = new Map<string, number>()
  return (trace) => {
    const used = usedBy.get(trace) ?? 0
    if (used >= MAX_ANNOTATIONS) return false
    if (used === 0 && usedBy.size >= MAX_TRACES) for (const oldest of usedBy.keys()) if (usedBy.delete(oldest)) break
    usedBy.set(trace, used + 1)
    return true
  }
}
