import { type Attributes, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { Decision, ObservedScope, Observer, Reason } from '@waybill/core'

export interface VariationSpansOptions {
  /** Makes the records' spans. Default: that of the global provider. */
  readonly tracer?: Tracer
  /** What a record's span is called. Default `record`. */
  readonly recordName?: string
}

/**
 * Says on spans which variation served: for each flag declared `observe` an event `feature_flag.evaluation` with the
 * attributes of https://opentelemetry.io/docs/specs/semconv/feature-flags/feature-flags-events/, and the attribute
 * `feature_flag.<flag>.result.variant`, to filter by. An invocation's go onto the active span, which an instrumentation has
 * opened; each record of a batch has a span of its own. `feature_flag.context.id` is the subject's fingerprint, no id.
 *
 * @example
 * ```ts
 * const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), {
 *   flags, keys, observers: [variationSpans()],
 * })
 * ```
 */
export function variationSpans({ tracer, recordName = 'record' }: VariationSpansOptions = {}): Observer {
  const opened = new WeakMap<ObservedScope, Span>()
  return {
    begin: (scope) => {
      if (scope.kind !== 'invocation') return
      const span = trace.getActiveSpan()
      if (span !== undefined) describe(span, scope)
    },
    around: (scope, run) => {
      if (scope.kind !== 'record') return run()
      return (tracer ?? trace.getTracer('@waybill/powertools')).startActiveSpan(recordName, (span) => {
        opened.set(scope, span)
        describe(span, scope)
        return run()
      })
    },
    end: ({ scope, outcome, error }) => {
      const span = opened.get(scope)
      if (span === undefined) return
      opened.delete(scope)
      if (error instanceof Error) span.recordException(error)
      if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    },
  }
}

function describe(span: Span, scope: ObservedScope): void {
  if (!span.isRecording()) return
  for (const decision of scope.observed()) {
    span.setAttribute(`feature_flag.${decision.flag}.result.variant`, decision.variation)
    span.addEvent('feature_flag.evaluation', attributesOf(decision, scope.subject))
  }
}

function attributesOf(decision: Decision, subject: string | undefined): Attributes {
  const { flag, variation, version, reason, cause, origin } = decision
  return {
    'feature_flag.key': flag,
    'feature_flag.result.variant': variation,
    'feature_flag.result.reason': decision.bucketed === true ? 'split' : REASONS[reason],
    'feature_flag.version': String(version),
    'feature_flag.provider.name': 'waybill',
    ...(subject === undefined ? {} : { 'feature_flag.context.id': subject }),
    ...(reason === 'ERROR' && cause !== undefined ? { 'error.type': cause } : {}),
    'waybill.origin': origin,
  }
}

/** The well-known values of `feature_flag.result.reason`. */
const REASONS: Readonly<Record<Reason, string>> = {
  OFF: 'disabled',
  FALLTHROUGH: 'default',
  TARGET_MATCH: 'targeting_match',
  RULE_MATCH: 'targeting_match',
  PREREQUISITE_FAILED: 'default',
  ERROR: 'error',
  DEFAULT: 'default',
  OVERRIDE: 'targeting_match',
  RECALL: 'static',
  PROVIDER: 'unknown',
}
