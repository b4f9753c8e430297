import { Console } from 'node:console'
import {
  type AffectedUser,
  DIMENSION_NAMES,
  METRIC_NAMES,
  type ObservedScope,
  type Observer,
  observedScope,
  WaybillError,
} from '@waybill/core'
import { headOf, metricsDisabled, type Place, placeOf, type Unit } from './line.ts'
import { type Named, type Series, seriesPool } from './series.ts'
import { Writer } from './writer.ts'

export interface VariationMetricsOptions {
  /** CloudWatch namespace; the stage belongs in it (`FeatureFlags/prod`). Default `FeatureFlags`. */
  readonly namespace?: string
  /** Default: Powertools' own (`POWERTOOLS_SERVICE_NAME`), else the function's name. */
  readonly service?: string
  /** The most pairs of flag and variation with metrics of their own, in one execution environment. Default 100. */
  readonly maxSeries?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** Takes each line of embedded metrics. Default: standard output, where Lambda's logs pick it up. */
  readonly write?: (line: string) => void
  /** Takes what is said once. Default `console.warn`. */
  readonly warn?: (line: string) => void
}

export interface VariationMetrics extends Observer {
  /**
   * A metric of your own, from inside a handler or a record's handler: by the variation of each observed flag there, with
   * the same dimensions as ours. What cannot be counted (no observed flag here, a name of ours, no number) is said once.
   */
  add(name: string, unit: Unit, value: number): void
  /** The option `onNew` of `affectedUsers`: one more user who met the first failure. */
  readonly affectedUser: (user: AffectedUser) => void
}

/** The most metrics of the user's own: with ours they stay below the 100 that a directive may have. */
const MAX_NAMED = 50
const RESERVED: ReadonlySet<string> = new Set([
  '_aws',
  ...Object.values(METRIC_NAMES),
  ...Object.values(DIMENSION_NAMES),
])

/**
 * Metrics for each flag declared `observe`, by variation, for each invocation and each record of a batch: `Started`
 * (written before the handler runs: a handler that runs out of memory still counts), `Error` (0 or 1) and `Latency`
 * (milliseconds), with the dimensions `service`, `flag` and `variation`. A middleware that answered early finishes with
 * `Error` 0 and without `Latency`. Beside them `Decisions` that were read, by `origin`, and the ledger's `Counts`, by
 * `code`. Beyond `maxSeries` the variation is `__other__`. Each custom metric costs money:
 * https://aws.amazon.com/cloudwatch/pricing/. Silent where Powertools' metrics are switched off. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const metrics = variationMetrics({ service: 'orders' })
 * const handler = withHonouredDecisions(async () => {
 *   metrics.add('OrderValue', 'None', 31.5)
 *   return flags.get('new-order-flow')
 * }, { flags, keys, observers: [metrics] })
 * ```
 */
export function variationMetrics(options: VariationMetricsOptions = {}): VariationMetrics {
  const {
    namespace,
    service,
    maxSeries = 100,
    nowMs = Date.now,
    write = standardOutput(),
    warn = console.warn,
  } = options
  if (!Number.isInteger(maxSeries) || maxSeries < 1) {
    throw new WaybillError('bad_option', 'variationMetrics: option "maxSeries" must be a positive integer')
  }
  // Both are asked in the first invocation: under concurrent invocations Powertools has no instances while a module loads.
  let known: Place | undefined
  const place = (): Place => {
    known ??= placeOf(namespace, service)
    return known
  }
  let off: boolean | undefined
  const isOff = (): boolean => {
    off ??= metricsDisabled()
    return off
  }
  const warnOnce = sayingOnce(warn)
  const find = seriesPool(place, maxSeries, (message) => warnOnce('maxSeries', message))
  const namedBy = namedMetrics(place, warnOnce)
  const writer = new Writer(place, write, nowMs)
  const begun = new WeakMap<ObservedScope, readonly Series[]>()

  return {
    // Switched off they go on to the console, as without metrics.
    get reportsCounts() {
      return !isOff()
    },
    begin: (scope) => {
      if (scope.kind === 'batch' || isOff()) return
      const all = scope.observed().map(({ flag, variation }) => find(flag, variation))
      if (all.length === 0) return
      begun.set(scope, all)
      for (const series of all) writer.start(series, scope.kind === 'record')
    },
    end: ({ scope, outcome, durationMs, reads, counts }) => {
      if (isOff()) return
      for (const { origin } of reads) writer.origins.add(origin, 1)
      for (const [code, by] of counts) writer.counts.add(code, by)
      const all = begun.get(scope)
      if (all !== undefined) {
        const latencyMs = outcome === 'early_return' ? undefined : Math.round(durationMs * 1000) / 1000
        for (const series of all) {
          series.finished(outcome === 'failed' ? 1 : 0, latencyMs)
          writer.changed(series, scope.kind === 'invocation')
        }
      }
      if (scope.kind !== 'record') writer.all()
    },
    flush: () => {
      writer.all()
      return undefined
    },
    add: (name, unit, value) => {
      if (isOff()) return
      const scope = observedScope()
      const all = scope && begun.get(scope)
      const named = namedBy(name, unit)
      if (all === undefined)
        warnOnce(`scope ${name}`, `metric "${name}" was added where no observed flag is: not counted`)
      else if (!Number.isFinite(value)) warnOnce(`value ${name}`, `metric "${name}" got ${value}: not counted`)
      else if (named !== undefined) {
        for (const series of all) {
          series.add(named, value)
          writer.changed(series)
        }
      }
    },
    affectedUser: ({ kind, flag, variation }) => {
      if (kind === 'error' && !isOff()) writer.one(find(flag, variation).affectedUser())
    },
  }
}

/** Knows the user's metrics by name; `undefined` for one that cannot be, or was of another unit before. */
function namedMetrics(
  place: () => Place,
  warnOnce: (about: string, message: string) => void,
): (name: string, unit: Unit) => Named | undefined {
  const all = new Map<string, Named>()
  const faultOf = (name: string, unit: Unit): string | undefined => {
    const known = all.get(name)
    if (known !== undefined) return `its unit is ${known.unit}, not ${unit}`
    if (RESERVED.has(name)) return 'the name is one of ours'
    if (all.size >= MAX_NAMED) return `there are ${MAX_NAMED} others already`
    try {
      headOf(place(), {}, [[name, unit]])
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : 'Powertools does not take it'
    }
  }
  return (name, unit) => {
    const known = all.get(name)
    if (known?.unit === unit) return known
    const fault = faultOf(name, unit)
    if (fault !== undefined) {
      warnOnce(`name ${name}`, `metric "${name}" is not counted: ${fault}`)
      return undefined
    }
    const named = { name, unit }
    all.set(name, named)
    return named
  }
}

/** What goes wrong without failing anything is said once an environment, and not without end. */
function sayingOnce(warn: (line: string) => void): (about: string, message: string) => void {
  const said = new Set<string>()
  return (about, message) => {
    if (said.has(about) || said.size >= MAX_NAMED) return
    said.add(about)
    warn(JSON.stringify({ level: 'WARN', message: `waybill: ${message}`, hint: 'said once' }))
  }
}

/** As Powertools writes: not by the global console, to which the runtime adds a prefix that is no JSON. */
function standardOutput(): (line: string) => void {
  const output = new Console({ stdout: process.stdout, stderr: process.stderr })
  return (line) => output.log(line)
}
