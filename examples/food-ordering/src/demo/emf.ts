import { DIMENSION_NAMES, METRIC_NAMES } from '@waybill/core'
import { readEmfLine } from './emf-line.ts'
import { percentile } from './percentile.ts'
import type { ServiceResult } from './results.ts'

/** What CloudWatch would have made of the functions' logs. */
export interface EmfCollector {
  add(functionName: string, line: string): void
  /** One for each service, flag and variation, in that order. */
  services(): readonly ServiceResult[]
  /** Percentile of Latency, in milliseconds; 0 without samples. */
  latencyMs(service: string, flag: string, variation: string, percent: number): number
  /** Lines that CloudWatch would count under `EMFValidationErrors`, by the function that wrote them. */
  malformedLines(): ReadonlyMap<string, number>
}

const { service: SERVICE, flag: FLAG, variation: VARIATION } = DIMENSION_NAMES
const { started: STARTED, error: ERROR, latency: LATENCY } = METRIC_NAMES

interface Series {
  readonly service: string
  readonly flag: string
  readonly variation: string
  readonly samples: Record<typeof STARTED | typeof ERROR | typeof LATENCY, number[]>
}

/**
 * Aggregates the embedded metrics (EMF) in raw log lines as CloudWatch does: `started` is Sum(Started), `errors`
 * Sum(Error), `finished` SampleCount(Error), and `p95Ms` the p95 of Latency. Other lines are ignored, malformed ones
 * counted; nothing throws.
 *
 * @example
 * const emf = collectEmf()
 * host.onLog = ({ functionName, line }) => emf.add(functionName, line)
 * emf.services() // [{ service: 'loyalty', flag: 'new-order-flow', variation: 'control', started: 90, ... }]
 */
export function collectEmf(): EmfCollector {
  const seriesByKey = new Map<string, Series>()
  const malformed = new Map<string, number>()

  const seriesOf = (service: string, flag: string, variation: string): Series => {
    const key = JSON.stringify([service, flag, variation])
    const known = seriesByKey.get(key)
    if (known) return known
    const series = { service, flag, variation, samples: { [STARTED]: [], [ERROR]: [], [LATENCY]: [] } }
    seriesByKey.set(key, series)
    return series
  }

  return {
    add(functionName, line) {
      const read = readEmfLine(line)
      if (read === 'malformed') {
        malformed.set(functionName, (malformed.get(functionName) ?? 0) + 1)
        return
      }
      for (const { dimensions, name, values } of read) {
        const { [SERVICE]: service, [FLAG]: flag, [VARIATION]: variation, ...others } = dimensions
        // A set with other names in it is another metric to CloudWatch, whatever it shares with ours.
        if (service === undefined || flag === undefined || variation === undefined) continue
        if (Object.keys(others).length > 0 || (name !== STARTED && name !== ERROR && name !== LATENCY)) continue
        for (const value of values) seriesOf(service, flag, variation).samples[name].push(value)
      }
    },
    services: () => [...seriesByKey.values()].map(aggregate).sort(byName),
    latencyMs: (service, flag, variation, percent) =>
      percentile(seriesByKey.get(JSON.stringify([service, flag, variation]))?.samples[LATENCY] ?? [], percent),
    malformedLines: () => malformed,
  }
}

function aggregate({ samples, ...dimensions }: Series): ServiceResult {
  return {
    ...dimensions,
    started: sum(samples[STARTED]),
    finished: samples[ERROR].length,
    errors: sum(samples[ERROR]),
    p95Ms: percentile(samples[LATENCY], 95),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function byName(left: ServiceResult, right: ServiceResult): number {
  return (
    left.service.localeCompare(right.service) ||
    left.flag.localeCompare(right.flag) ||
    left.variation.localeCompare(right.variation)
  )
}
