import { METRIC_NAMES } from '@waybill/core'
import type { FunctionNumbers, Traffic, Verdict } from './browser/state.ts'
import { average, percentileOf, sum, type View, valuesOf } from './panel-lines.ts'

const { started: STARTED, error: ERROR, latency: LATENCY } = METRIC_NAMES

/** Each function of the chain, control first. */
export function functionNumbers(view: View): readonly FunctionNumbers[] {
  return view.services.flatMap((service) => {
    const starts = (variation: string): number => sum(valuesOf(view, STARTED, service, variation)) ?? 0
    const all = starts(view.control) + starts(view.canary)
    return [view.control, view.canary].map((variation) => {
      const errors = valuesOf(view, ERROR, service, variation)
      const latencies = valuesOf(view, LATENCY, service, variation)
      const started = starts(variation)
      return {
        service,
        variation,
        started,
        finished: errors.length,
        errors: sum(errors) ?? 0,
        lost: lostOf(view, service, variation),
        share: all === 0 ? null : started / all,
        errorRate: average(errors),
        p50Ms: percentileOf(latencies, 50),
        p95Ms: percentileOf(latencies, 95),
        p99Ms: percentileOf(latencies, 99),
      }
    })
  })
}

/**
 * What is under way when a window ends is missing in it, and too much in a later one; what is lost is missing for as long as
 * the window has room for it. So: the least that was missing in the last seconds.
 */
function lostOf(view: View, service: string, variation: string): number {
  const missing = Array.from({ length: SETTLING_SECONDS }, (_, ago) => {
    const then = { ...view, atSeconds: view.atSeconds - ago }
    return (sum(valuesOf(then, STARTED, service, variation)) ?? 0) - valuesOf(then, ERROR, service, variation).length
  })
  return Math.max(0, Math.min(...missing))
}

/** What was started and what failed in the last second of the view. */
export function trafficOf(view: View): readonly Traffic[] {
  const second = { ...view, windowSeconds: 1 }
  return view.services.flatMap((service) =>
    [view.control, view.canary].flatMap((variation) => {
      const started = sum(valuesOf(second, STARTED, service, variation)) ?? 0
      const errors = sum(valuesOf(second, ERROR, service, variation)) ?? 0
      return started + errors === 0 ? [] : [{ service, variation, started, errors }]
    }),
  )
}

/** Longer than any function takes. */
const SETTLING_SECONDS = 5

/** Below this nothing is said of a function. */
const MIN_STARTED = 4

/**
 * Where the canary stands out, in words: rules of thumb for a page that somebody looks at. What decides over a rollout is
 * a judge that knows its false alarms.
 */
export function verdictsOf(numbers: readonly FunctionNumbers[], canary: string): readonly Verdict[] {
  return numbers.flatMap((one): readonly Verdict[] => {
    if (one.variation !== canary || one.started < MIN_STARTED) return []
    const { service } = one
    const control = numbers.find((other) => other.service === service && other.variation !== canary)
    const verdicts: Verdict[] = []
    if ((one.errorRate ?? 0) - (control?.errorRate ?? 0) > 0.05) {
      verdicts.push({ service, kind: 'fails', words: `${service}: the canary fails more often than control` })
    }
    const medians = [one.p50Ms ?? 0, control?.p50Ms ?? 0] as const
    if (medians[0] > 2 * medians[1] && medians[0] - medians[1] > 100 && (control?.finished ?? 0) >= MIN_STARTED) {
      verdicts.push({ service, kind: 'slow', words: `${service}: the canary is slower than control` })
    }
    if (one.lost / one.started - (control?.lost ?? 0) / Math.max(1, control?.started ?? 0) > 0.1) {
      verdicts.push({ service, kind: 'unfinished', words: `${service}: the canary dies before it finishes` })
    }
    return verdicts
  })
}
