/** A value, and how many times it was measured. */
export interface Sample {
  readonly value: number
  readonly count: number
}

export type Dimensions = Readonly<Record<string, string>>

/** One metric of CloudWatch: a name in a namespace, with exactly these dimensions. */
export interface MetricSeries {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Dimensions
  /** By the start of their minute, in milliseconds since the epoch. */
  readonly minutes: ReadonlyMap<number, readonly Sample[]>
}

export interface EmfMetrics {
  putLogLine(line: string): void
  /** Lines that CloudWatch would count under `EMFValidationErrors`. */
  malformedLines(): number
  /** In the order in which they were first seen. */
  readonly series: Iterable<MetricSeries>
  find(namespace: string, name: string, dimensions: Dimensions): MetricSeries | undefined
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const MAX_VALUES = 100
const MAX_DIMENSIONS = 30
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html */
const DIMENSION_VALUE = /^(?!:)(?=.*\S)[\x20-\x7e]{1,1024}$/
const MINUTE_MS = 60_000

type Json = Readonly<Record<string, unknown>>
type Kept = MetricSeries & { readonly minutes: Map<number, Sample[]> }
type Measured = Omit<MetricSeries, 'minutes'> & { readonly samples: readonly Sample[] }

/** Keeps the embedded metrics of log lines, by namespace, name, dimensions and minute. Other lines are ignored. */
export function emfMetrics(): EmfMetrics {
  const all = new Map<string, Kept>()
  let malformed = 0
  return {
    putLogLine(line) {
      if (!line.includes('"_aws"')) return
      const root = parseObject(line)
      if (root === undefined) return
      const read = readLine(root)
      if (read === undefined) {
        malformed += 1
        return
      }
      const minuteMs = Math.floor(read.atMs / MINUTE_MS) * MINUTE_MS
      for (const { namespace, name, dimensions, samples } of read.measured) {
        const id = idOf(namespace, name, dimensions)
        const series = all.get(id) ?? { namespace, name, dimensions, minutes: new Map() }
        all.set(id, series)
        series.minutes.set(minuteMs, [...(series.minutes.get(minuteMs) ?? []), ...samples])
      }
    },
    malformedLines: () => malformed,
    series: { [Symbol.iterator]: () => all.values() },
    find: (namespace, name, dimensions) => all.get(idOf(namespace, name, dimensions)),
  }
}

/** All of a line or nothing of it: `undefined`. */
function readLine(root: Json): { readonly atMs: number; readonly measured: readonly Measured[] } | undefined {
  const { Timestamp: atMs, CloudWatchMetrics: directives } = objectOr(root['_aws'])
  if (typeof atMs !== 'number' || !Array.isArray(directives)) return undefined
  const measured: Measured[] = []
  for (const directive of directives) {
    const { Namespace: namespace, Dimensions: sets, Metrics: metrics } = objectOr(directive)
    if (typeof namespace !== 'string' || !Array.isArray(sets) || !Array.isArray(metrics)) return undefined
    for (const metric of metrics) {
      const { Name: name } = objectOr(metric)
      const samples = typeof name === 'string' ? samplesOf(root[name]) : undefined
      if (typeof name !== 'string' || samples === undefined) return undefined
      // Each set makes another metric of the same values.
      for (const set of sets) {
        const dimensions = dimensionsOf(set, root)
        if (dimensions === undefined) return undefined
        measured.push({ namespace, name, dimensions, samples })
      }
    }
  }
  return { atMs, measured }
}

function dimensionsOf(set: unknown, root: Json): Dimensions | undefined {
  if (!Array.isArray(set) || set.length > MAX_DIMENSIONS) return undefined
  const entries = set.map((name: unknown) => [String(name), root[String(name)]] as const)
  const isRight = ([, value]: readonly [string, unknown]) => typeof value === 'string' && DIMENSION_VALUE.test(value)
  return entries.every(isRight) ? (Object.fromEntries(entries) as Dimensions) : undefined
}

/** A number, a list of them, or `{ Values, Counts }` as AWS's own agents write. */
function samplesOf(target: unknown): readonly Sample[] | undefined {
  const { Values, Counts } = objectOr(target)
  const values: readonly unknown[] = Array.isArray(Values) ? Values : [target].flat()
  const counts: readonly unknown[] = Array.isArray(Counts) ? Counts : values.map(() => 1)
  if (values.length === 0 || values.length > MAX_VALUES || counts.length !== values.length) return undefined
  if (![...values, ...counts].every(Number.isFinite)) return undefined
  return values.map((value, index) => ({ value: Number(value), count: Number(counts[index]) }))
}

function idOf(namespace: string, name: string, dimensions: Dimensions): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))])
}

function objectOr(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && '_aws' in value ? (value as Json) : undefined
  } catch {
    return undefined
  }
}
