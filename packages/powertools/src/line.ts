import { Metrics, type MetricUnit } from '@aws-lambda-powertools/metrics'
import { METRICS_NAMESPACE } from '@waybill/core'

export type Unit = (typeof MetricUnit)[keyof typeof MetricUnit]

/** Where all lines of one observer go. */
export interface Place {
  readonly namespace: string
  /** `undefined`: Powertools' own. */
  readonly service: string | undefined
}

/** One directive of a line, its dimensions and its values. */
export interface Part {
  readonly head: Head
  /** JSON members, one for each metric of the head. */
  readonly values: string
}

/** All of a part but its values. */
export interface Head {
  readonly directive: string
  readonly service: string
  readonly dimensions: string
}

/** CloudWatch takes no more values of one metric in one line: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export const MAX_VALUES = 100

/**
 * Powertools writes each kind of line once, with our dimensions as its defaults; from then on only time and values are
 * put in: about 1 us, against 11 for a `Metrics` instance that is filled and published each time and 38 for a new one. And
 * no value ever waits in an instance, so that none is lost or mixed between records. Throws what Powertools throws at a
 * bad name or unit.
 */
export function headOf(
  { namespace, service }: Place,
  dimensions: Readonly<Record<string, string>>,
  units: readonly (readonly [name: string, unit: Unit])[],
): Head {
  const metrics = new Metrics({
    namespace,
    ...(service === undefined ? {} : { serviceName: service }),
    defaultDimensions: dimensions,
  })
  for (const [name, unit] of units) metrics.addMetric(name, unit, 0)
  const { _aws, service: named } = metrics.serializeMetrics()
  metrics.clearMetrics()
  return {
    directive: JSON.stringify(_aws.CloudWatchMetrics[0]),
    service: JSON.stringify(named),
    dimensions: `,${JSON.stringify(dimensions).slice(1, -1)}`,
  }
}

/**
 * A line of embedded metrics. Parts of different dimensions share one, which saves what they have in common; no two of them
 * may have the same dimension, since those are members of the line.
 */
export function lineOf(nowMs: number, parts: readonly Part[]): string {
  let directives = ''
  let members = ''
  for (const { head, values } of parts) {
    directives += directives === '' ? head.directive : `,${head.directive}`
    members += `${head.dimensions},${values}`
  }
  return `{"_aws":{"Timestamp":${nowMs},"CloudWatchMetrics":[${directives}]},"service":${parts[0]?.head.service}${members}}`
}

/** `"Latency":12` or `"Latency":[12,30]`. */
export function member(name: string, values: readonly number[]): string {
  return `${JSON.stringify(name)}:${values.length === 1 ? values[0] : `[${values.join(',')}]`}`
}

/** `service_undefined`, which is Powertools' last resort, would throw all functions' metrics together. */
export function placeOf(namespace: string | undefined, service: string | undefined): Place {
  const ours = process.env['POWERTOOLS_SERVICE_NAME'] ? undefined : process.env['AWS_LAMBDA_FUNCTION_NAME']
  return { namespace: namespace ?? METRICS_NAMESPACE, service: service ?? ours }
}

/** Whether Powertools' metrics are switched off (`POWERTOOLS_METRICS_DISABLED`, `POWERTOOLS_DEV`). */
export function metricsDisabled(): boolean {
  return new Switch({ namespace: METRICS_NAMESPACE }).off
}

/** Powertools tells only its subclasses. */
class Switch extends Metrics {
  get off(): boolean {
    return this.isDisabled()
  }
}
