import { METRICS_NAMESPACE } from '@waybill/core'

/** One metric of a log line, with the dimensions that make it a series of its own. */
export interface Measured {
  readonly atMs: number
  readonly dimensions: Readonly<Record<string, string>>
  readonly name: string
  readonly values: readonly number[]
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const MAX_VALUES = 100

type Json = Readonly<Record<string, unknown>>

/**
 * Reads the embedded metrics (EMF) of a raw log line, those in our namespace; of other lines nothing. All of a line's
 * metrics or none: half a line would make errors without their latency.
 *
 * @example
 * readEmfLine('START RequestId: 1') // []
 */
export function readEmfLine(line: string): readonly Measured[] | 'malformed' {
  // Nearly all lines are plain logs: two substring searches are a hundredth of the price of parsing them.
  const start = line.indexOf('{')
  if (start === -1 || !line.includes('"_aws"', start)) return []
  const root = parseObject(line.slice(start))
  if (!root) return 'malformed'
  const metadata = root['_aws']
  if (metadata === undefined) return []
  const { CloudWatchMetrics: directives, Timestamp: timestamp } = isObject(metadata) ? metadata : {}
  if (!Array.isArray(directives)) return 'malformed'

  const measured: Measured[] = []
  for (const directive of directives) {
    if (!isObject(directive)) return 'malformed'
    if (directive['Namespace'] !== METRICS_NAMESPACE) continue
    const read = readDirective(directive, root, typeof timestamp === 'number' ? timestamp : 0)
    if (read === 'malformed') return read
    measured.push(...read)
  }
  return measured
}

function readDirective(directive: Json, root: Json, atMs: number): readonly Measured[] | 'malformed' {
  const { Dimensions: sets, Metrics: metrics } = directive
  if (!Array.isArray(sets) || !Array.isArray(metrics)) return 'malformed'
  const measured: Measured[] = []
  // Each set makes another metric of the same values.
  for (const set of sets) {
    const dimensions = dimensionsOf(set, root)
    if (dimensions === undefined) return 'malformed'
    for (const metric of metrics) {
      const name: unknown = isObject(metric) ? metric['Name'] : undefined
      if (typeof name !== 'string') return 'malformed'
      const values: unknown[] = [root[name]].flat()
      if (values.length > MAX_VALUES || !values.every(Number.isFinite)) return 'malformed'
      measured.push({ atMs, dimensions, name, values: values as readonly number[] })
    }
  }
  return measured
}

function dimensionsOf(set: unknown, root: Json): Readonly<Record<string, string>> | undefined {
  if (!Array.isArray(set)) return undefined
  const dimensions: Record<string, string> = {}
  for (const name of set as readonly unknown[]) {
    const value = typeof name === 'string' ? root[name] : undefined
    if (typeof name !== 'string' || typeof value !== 'string') return undefined
    dimensions[name] = value
  }
  return dimensions
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
