import type { Dimensions, EmfMetrics, MetricSeries, Sample } from './emf-metrics.ts'
import { type JsonObject, ServiceError } from './json-protocol.ts'
import { LOCAL_ACCOUNT } from './loopback.ts'
import { parseSearch, searched } from './metric-search.ts'

/** `StatusCode` of a result, other than `Complete`. */
export type MetricDataTrouble = 'PartialData' | 'InternalError' | 'Forbidden'

export interface MetricDataOptions {
  /** Data points of a page, where the request asks for no fewer. */
  readonly pageDatapoints: number
  /** Each result has this status, and lacks its first data point. */
  readonly trouble: MetricDataTrouble | undefined
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html: of queries, and of series */
const MAX_METRICS = 500
export const MAX_DATAPOINTS = 100_800
const QUERY_ID = /^[a-z][A-Za-z0-9_]{0,254}$/

interface Query {
  readonly Id: string
  readonly Label?: string
  readonly Expression?: string
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace: string
      readonly MetricName: string
      readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[]
    }
    readonly Period: number
    readonly Stat: string
  }
}

interface Result {
  readonly id: string
  readonly label: string
  readonly points: readonly (readonly [atMs: number, value: number])[]
}

/** Answers GetMetricData: queries of one metric, and searches. */
export function getMetricData(metrics: EmfMetrics, input: JsonObject, options: MetricDataOptions): object {
  // Unix seconds, as this protocol has them. The start is rounded down to its minute, the end is exclusive.
  const fromMs = Math.floor(Number(input['StartTime']) / 60) * 60_000
  const untilMs = Number(input['EndTime']) * 1000
  if (!(fromMs < untilMs)) throw invalid('The parameter StartTime must be less than the parameter EndTime.')
  const order = input['ScanBy'] === 'TimestampAscending' ? 1 : -1
  const found = checkedQueries(input).flatMap((query) => seriesOf(metrics, query))
  const results = found.slice(0, MAX_METRICS).map(({ query, series, stat, periodSeconds }): Result => {
    const points = pointsOf(series, stat, periodSeconds * 1000, fromMs, untilMs)
    return {
      id: query.Id,
      label: labelOf(query, series),
      points: points.sort(([a], [b]) => order * (a - b)),
    }
  })
  const most = Math.min(Number(input['MaxDatapoints'] ?? options.pageDatapoints), options.pageDatapoints)
  return {
    ...page(results, Number(input['NextToken'] ?? 0), most, options.trouble),
    Messages:
      found.length > MAX_METRICS
        ? [{ Code: 'MaxMetricsExceeded', Value: 'Maximum number of allowed metrics exceeded' }]
        : [],
  }
}

function checkedQueries(input: JsonObject): readonly Query[] {
  const queries = (input['MetricDataQueries'] ?? []) as readonly Query[]
  if (queries.length === 0 || queries.length > MAX_METRICS) throw invalid(`1 to ${MAX_METRICS} queries are allowed`)
  if (new Set(queries.map(({ Id }) => Id)).size < queries.length) throw invalid('The Ids must be unique')
  for (const { Id, Expression, MetricStat } of queries) {
    if (!QUERY_ID.test(Id)) throw invalid(`The value ${Id} for parameter Id is not matching the expected pattern`)
    if ((Expression === undefined) === (MetricStat === undefined)) {
      throw invalid(`Exactly one of MetricStat and Expression must be given, in ${Id}`)
    }
  }
  return queries
}

interface Found {
  readonly query: Query
  readonly series: MetricSeries
  readonly stat: string
  readonly periodSeconds: number
}

function seriesOf(metrics: EmfMetrics, query: Query): readonly Found[] {
  if (query.MetricStat !== undefined) {
    const { Metric, Stat: stat, Period: periodSeconds } = query.MetricStat
    const { Namespace: namespace, MetricName: name } = Metric
    const dimensions: Dimensions = Object.fromEntries((Metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]))
    // A metric that is not there is one without data.
    const series = metrics.find(namespace, name, dimensions) ?? { namespace, name, dimensions, minutes: new Map() }
    return [{ query, series, stat, periodSeconds }]
  }
  const search = parseSearch(query.Expression ?? '')
  const { stat, periodSeconds } = search
  return searched(metrics.series, search).map((series) => ({ query, series, stat, periodSeconds }))
}

function pointsOf(
  { minutes }: MetricSeries,
  stat: string,
  periodMs: number,
  fromMs: number,
  untilMs: number,
): [number, number][] {
  if (!(periodMs > 0 && periodMs % 60_000 === 0)) throw invalid('Only periods of whole minutes are emulated')
  const statistic = statisticOf(stat)
  const periods = new Map<number, Sample[]>()
  for (const [minuteMs, samples] of minutes) {
    const atMs = Math.floor(minuteMs / periodMs) * periodMs
    if (atMs >= fromMs && atMs < untilMs) periods.set(atMs, [...(periods.get(atMs) ?? []), ...samples])
  }
  return [...periods].map(([atMs, samples]) => [atMs, statistic(samples)])
}

const sum = (samples: readonly Sample[]): number =>
  samples.reduce((total, { value, count }) => total + value * count, 0)
const countOf = (samples: readonly Sample[]): number => samples.reduce((total, { count }) => total + count, 0)

function statisticOf(stat: string): (samples: readonly Sample[]) => number {
  const [, percent] = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(stat) ?? []
  if (percent !== undefined) return (samples) => percentile(samples, Number(percent))
  switch (stat) {
    case 'Sum':
      return sum
    case 'SampleCount':
      return countOf
    case 'Average':
      return (samples) => sum(samples) / countOf(samples)
    case 'Maximum':
      return (samples) => Math.max(...samples.map(({ value }) => value))
    case 'Minimum':
      return (samples) => Math.min(...samples.map(({ value }) => value))
    default:
      throw invalid(`The statistic ${stat} is not emulated`)
  }
}

/** The nearest rank. */
function percentile(samples: readonly Sample[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a.value - b.value)
  const rank = Math.max(1, Math.ceil((percent / 100) * countOf(samples)))
  let below = 0
  for (const { value, count } of sorted) {
    below += count
    if (below >= rank) return value
  }
  return 0
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html */
function labelOf({ Label }: Query, { name, dimensions }: MetricSeries): string {
  return (Label ?? Object.values(dimensions).concat(name).join(' '))
    .replaceAll(/\$\{PROP\('Dim\.([^']+)'\)\}/g, (_, dimension: string) => dimensions[dimension] ?? '')
    .replaceAll(/\$\{PROP\('AccountId'\)\}/g, LOCAL_ACCOUNT)
}

/** A result that goes on in the next page is `PartialData` in this one. */
function page(results: readonly Result[], from: number, most: number, trouble: MetricDataTrouble | undefined): object {
  const shown: object[] = []
  let passed = 0
  for (const { id, label, points } of results) {
    const start = Math.max(0, from - passed)
    const room = Math.max(0, from + most - passed)
    const part = points.slice(start, room)
    passed += points.length
    // A series without data is in the first page.
    if (part.length === 0 && (points.length > 0 || from > 0)) continue
    const whole = trouble === undefined ? part : part.slice(1)
    shown.push({
      Id: id,
      Label: label,
      Timestamps: whole.map(([atMs]) => atMs / 1000),
      Values: whole.map(([, value]) => value),
      StatusCode: trouble ?? (room < points.length ? 'PartialData' : 'Complete'),
    })
  }
  return { MetricDataResults: shown, ...(from + most < passed ? { NextToken: String(from + most) } : {}) }
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', message)
}
