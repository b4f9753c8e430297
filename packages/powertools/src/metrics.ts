import { Console } from 'node:console'
import { type ObservedScope, type Observer, OTHER_VARIATION, WaybillError } from '@waybill/core'
import { metricsDisabled, type Series, type SeriesOptions, seriesOf } from './series.ts'

export interface VariationMetricsOptions extends SeriesOptions {
  /** The most pairs of flag and variation with metrics of their own, in one execution environment. Default 100. */
  readonly maxSeries?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** Takes each line of embedded metrics. Default: standard output, where Lambda's logs pick it up. */
  readonly write?: (line: string) => void
  /** Takes what is said once. Default `console.warn`. */
  readonly warn?: (line: string) => void
}

/**
 * Metrics for each flag declared `observe`, by variation, for each invocation and each record of a batch: `Started` (1,
 * written before the handler runs: a handler that runs out of memory still counts), `Error` (0 or 1) and `Latency`
 * (milliseconds), with the dimensions `service`, `flag` and `variation`. A middleware that answered early finishes with
 * `Error` 0 and without `Latency`. Beyond `maxSeries` the variation is `__other__`. Each custom metric costs money:
 * https://aws.amazon.com/cloudwatch/pricing/. Silent where Powertools' metrics are switched off. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), {
 *   flags, keys, observers: [variationMetrics({ service: 'orders' })],
 * })
 * ```
 */
export function variationMetrics(options: VariationMetricsOptions = {}): Observer {
  const { maxSeries = 100, nowMs = Date.now, write = standardOutput(), warn = console.warn } = options
  if (!Number.isInteger(maxSeries) || maxSeries < 1) {
    throw new WaybillError('bad_option', 'variationMetrics: option "maxSeries" must be a positive integer')
  }
  const find = seriesPool(options, maxSeries, warn)
  const begun = new WeakMap<ObservedScope, readonly Series[]>()
  // Asked in the first invocation: under concurrent invocations Powertools has no instances while a module loads.
  let off: boolean | undefined

  return {
    begin: (scope) => {
      off ??= metricsDisabled()
      if (off) return
      const all = scope.observed().map(({ flag, variation }) => find(flag, variation))
      if (all.length === 0) return
      begun.set(scope, all)
      const now = nowMs()
      for (const series of all) write(series.started(now))
    },
    end: ({ scope, outcome, durationMs }) => {
      const all = begun.get(scope)
      if (all === undefined) return
      const now = nowMs()
      const error = outcome === 'failed' ? 1 : 0
      const latencyMs = Math.round(durationMs * 1000) / 1000
      for (const series of all) {
        write(outcome === 'early_return' ? series.answered(now) : series.finished(now, error, latencyMs))
      }
    },
  }
}

/** One series per flag and variation; those beyond the cap share one per flag, so that a flag's totals stay right. */
function seriesPool(
  options: SeriesOptions,
  maxSeries: number,
  warn: (line: string) => void,
): (flag: string, variation: string) => Series {
  const flags = new Map<string, Map<string, Series>>()
  let size = 0
  let said = false

  const add = (known: Map<string, Series>, flag: string, variation: string): Series => {
    const series = seriesOf(flag, variation, options)
    known.set(variation, series)
    return series
  }
  return (flag, variation) => {
    let known = flags.get(flag)
    const found = known?.get(variation)
    if (found !== undefined) return found
    if (known === undefined) {
      known = new Map()
      flags.set(flag, known)
    }
    if (size < maxSeries) {
      size += 1
      return add(known, flag, variation)
    }
    if (!said) {
      said = true
      const message = `waybill: more than ${maxSeries} series of metrics, the rest is counted as ${OTHER_VARIATION}`
      warn(JSON.stringify({ level: 'WARN', message, flag, variation }))
    }
    return known.get(OTHER_VARIATION) ?? add(known, flag, OTHER_VARIATION)
  }
}

/** As Powertools writes: not by the global console, to which the runtime adds a prefix that is no JSON. */
function standardOutput(): (line: string) => void {
  const output = new Console({ stdout: process.stdout, stderr: process.stderr })
  return (line) => output.log(line)
}
