import { percentile } from './percentile.ts'
import type { ServiceResult } from './results.ts'

/** What CloudWatch would have made of the functions' logs. */
export interface EmfCollector {
  add(functionName: string, line: string): void
  /** One for each service, flag and variation, in that order. */
  services(): readonly ServiceResult[]
  /** Lines that CloudWatch would count under `EMFValidationErrors`, by the function that wrote them. */
  malformedLines(): ReadonlyMap<string, number>
}

const namespace = 'FeatureFlags'
const dimensionNames = ['service', 'flag', 'variation'] as const
const metricNames = ['Started', 'Error', 'Latency'] as const
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const maxValuesPerMetric = 100

type MetricName = (typeof metricNames)[number]

interface Series {
  readonly service: string
  readonly flag: string
  readonly variation: string
  readonly samples: Record<MetricName, number[]>
}

type Json = Readonly<Record<string, unknown>>

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

  const seriesOf = (dimensions: readonly string[]): Series => {
    const key = JSON.stringify(dimensions)
    const known = seriesByKey.get(key)
    if (known) return known
    const [service = '', flag = '', variation = ''] = dimensions
    const series = { service, flag, variation, samples: { Started: [], Error: [], Latency: [] } }
    seriesByKey.set(key, series)
    return series
  }

  return {
    add(functionName, line) {
      // Nearly all lines are plain logs: two substring searches are a hundredth of the price of parsing them.
      const start = line.indexOf('{')
      if (start === -1 || !line.includes('"_aws"', start)) return
      const read = readEmf(line.slice(start))
      if (read === 'malformed') malformed.set(functionName, (malformed.get(functionName) ?? 0) + 1)
      else
        for (const { dimensions, name, values } of read)
          for (const value of values) seriesOf(dimensions).samples[name].push(value)
    },
    services: () => [...seriesByKey.values()].map(aggregate).sort(byName),
    malformedLines: () => malformed,
  }
}

function aggregate({ samples, ...dimensions }: Series): ServiceResult {
  return {
    ...dimensions,
    started: sum(samples.Started),
    finished: samples.Error.length,
    errors: sum(samples.Error),
    p95Ms: percentile(samples.Latency, 95),
  }
}

interface Measured {
  readonly dimensions: readonly string[]
  readonly name: MetricName
  readonly values: readonly number[]
}

/** All of a line's metrics or none: half a line would make errors without their latency. */
function readEmf(text: string): readonly Measured[] | 'malformed' {
  const root = parseObject(text)
  if (!root) return 'malformed'
  const metadata = root['_aws']
  if (metadata === undefined) return []
  const directives = isObject(metadata) ? metadata['CloudWatchMetrics'] : undefined
  if (!Array.isArray(directives)) return 'malformed'

  const measured: Measured[] = []
  for (const directive of directives) {
    if (!isObject(directive)) return 'malformed'
    if (directive['Namespace'] !== namespace) continue
    const { Dimensions: dimensionSets, Metrics: metrics } = directive
    if (!Array.isArray(dimensionSets) || !Array.isArray(metrics)) return 'malformed'
    // A set with other names in it is another metric to CloudWatch, whatever it shares with ours.
    if (!dimensionSets.some(isOurs)) continue
    const dimensions = dimensionNames.map((name) => root[name])
    if (!dimensions.every((value) => typeof value === 'string')) return 'malformed'
    for (const metric of metrics) {
      const name = metricNames.find((known) => isObject(metric) && metric['Name'] === known)
      if (!name) continue
      const values = [root[name]].flat()
      if (values.length > maxValuesPerMetric || !values.every(Number.isFinite)) return 'malformed'
      measured.push({ dimensions, name, values: values as readonly number[] })
    }
  }
  return measured
}

function isOurs(dimensionSet: unknown): boolean {
  return (
    Array.isArray(dimensionSet) &&
    dimensionSet.length === dimensionNames.length &&
    dimensionNames.every((name) => dimensionSet.includes(name))
  )
}

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
