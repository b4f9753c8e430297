import { METRICS_NAMESPACE, WaybillError } from '@waybill/core'

/** What dashboards, alarms and the estimate of costs have in common. */
export interface MetricsScope {
  /** CloudWatch namespace of the functions' metrics. Default `FeatureFlags`. */
  readonly namespace?: string
  /** The functions' services, as their metrics name them. */
  readonly services: readonly string[]
  /** The observed flags; a dashboard opens on the first. */
  readonly flags: readonly RolloutFlag[]
  /** Seconds of one data point: 10, 30 or whole minutes. Default 60. */
  readonly periodSeconds?: number
}

/** A flag, and the two of its variations that are held against each other. */
export interface RolloutFlag {
  readonly flag: string
  readonly canary: string
  readonly control: string
}

export interface CheckedScope extends Required<MetricsScope> {
  readonly first: RolloutFlag
}

/**
 * Dimension values: 1 to 1,024 ASCII characters, not only white space, no leading colon; no quote or backslash here,
 * since they stand in search expressions.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
 */
const VALUE = /^(?!:)(?=.*\S)[\x20\x21\x23-\x26\x28-\x5b\x5d-\x7e]{1,1024}$/
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html: not the one of AWS itself. */
const NAMESPACE = /^(?!AWS\/)(?!:)[A-Za-z0-9 .\-_/#:]{1,255}$/

/** Fills in the defaults. Throws `bad_option` that names what is wrong. */
export function checkedScope(where: string, scope: MetricsScope): CheckedScope {
  const { namespace = METRICS_NAMESPACE, services, flags, periodSeconds = 60 } = scope
  const bad = (option: string, expected: string): WaybillError =>
    new WaybillError('bad_option', `${where}: option "${option}" must be ${expected}`)
  if (!NAMESPACE.test(namespace)) throw bad('namespace', 'a CloudWatch namespace of your own')
  if (!(services?.length > 0)) throw bad('services', 'the names of one or more services')
  for (const service of services) if (!VALUE.test(service)) throw bad('services', `without "${service}"`)
  const [first] = flags ?? []
  if (first === undefined) throw bad('flags', 'one or more flags, each with its canary and its control variation')
  for (const { flag, canary, control } of flags) {
    for (const value of [flag, canary, control]) {
      if (typeof value !== 'string' || !VALUE.test(value)) {
        throw bad('flags', `{ flag, canary, control } of plain ASCII, got "${value}"`)
      }
    }
    if (canary === control) throw bad('flags', `two different variations of "${flag}", got "${canary}" twice`)
  }
  if (![10, 30].includes(periodSeconds) && !(periodSeconds > 0 && periodSeconds % 60 === 0)) {
    throw bad('periodSeconds', '10, 30 or a multiple of 60')
  }
  return { namespace, services, flags, periodSeconds, first }
}
