import { DIMENSION_NAMES, METRIC_NAMES } from '@waybill/core'
import { type CheckedScope, checkedScope, type MetricsScope, type RolloutFlag } from './options.ts'

export interface AlarmOptions extends MetricsScope {
  /** What each alarm's name begins with. Default `waybill`. */
  readonly namePrefix?: string
  /** ARNs to call when an alarm goes off: an SNS topic, a Lambda function. At most five. */
  readonly actions?: readonly string[]
  /** The error rate that is wrong whatever control does, in percent. Default 5. */
  readonly maxErrorPercent?: number
  /** How much more the canary may fail than control, in percentage points. Default 2. */
  readonly maxDifferencePercent?: number
  /** How many of the canary's started requests may never finish, in percent. Default 5. */
  readonly maxUnfinishedPercent?: number
  /** Requests of a variation in a period below which nothing is compared. Default 20. */
  readonly minRequests?: number
  /** How many of the last periods must be bad, and of how many: metrics from logs come late. Default 3 of 5. */
  readonly badPeriods?: number
  readonly ofPeriods?: number
}

/** As `PutMetricAlarm` takes it, and CloudFormation's `AWS::CloudWatch::Alarm`. */
export interface Alarm {
  readonly AlarmName: string
  readonly AlarmDescription: string
  readonly Metrics: readonly AlarmMetric[]
  readonly ComparisonOperator: 'GreaterThanThreshold'
  readonly Threshold: number
  readonly EvaluationPeriods: number
  readonly DatapointsToAlarm: number
  readonly TreatMissingData: 'notBreaching'
  readonly AlarmActions: readonly string[]
}

export interface AlarmMetric {
  readonly Id: string
  readonly Label?: string
  readonly ReturnData: boolean
  readonly Expression?: string
  readonly Period?: number
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace: string
      readonly MetricName: string
      readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[]
    }
    readonly Period: number
    readonly Stat: string
  }
}

const { started, error } = METRIC_NAMES
const { service: SERVICE, flag: FLAG, variation: VARIATION } = DIMENSION_NAMES

/**
 * Builds the alarms: one by Metrics Insights over all flags, services and variations at once, and for each flag and
 * service three of metric math. Each needs M of the last N periods; no data is no alarm. Throws `bad_option`.
 *
 * @example
 * ```ts
 * const alarms = variationAlarms({
 *   services: ['notify-restaurant'],
 *   flags: [{ flag: 'new-order-flow', canary: 'canary', control: 'control' }],
 * })
 * alarms.length // 4
 * ```
 */
export function variationAlarms(options: AlarmOptions): readonly Alarm[] {
  const scope = checkedScope('variationAlarms', options)
  const { namePrefix = 'waybill', actions = [], minRequests = 20, badPeriods = 3, ofPeriods = 5 } = options
  const { maxErrorPercent = 5, maxDifferencePercent = 2, maxUnfinishedPercent = 5 } = options
  const alarm = (name: string, description: string, threshold: number, metrics: readonly AlarmMetric[]): Alarm => ({
    AlarmName: `${namePrefix}-${name}`,
    AlarmDescription: description,
    Metrics: metrics,
    ComparisonOperator: 'GreaterThanThreshold',
    Threshold: threshold,
    EvaluationPeriods: ofPeriods,
    DatapointsToAlarm: badPeriods,
    TreatMissingData: 'notBreaching',
    AlarmActions: actions,
  })
  const perFlag = scope.flags.flatMap((names) =>
    scope.services.flatMap((service) => {
      const { flag, canary } = names
      const where = `${flag}-${service}`
      return [
        alarm(
          `${where}-errors`,
          `${service}: "${canary}" of ${flag} fails in more than ${maxErrorPercent} % of attempts`,
          maxErrorPercent,
          absolute(scope, names, service, minRequests),
        ),
        alarm(
          `${where}-worse`,
          `${service}: "${canary}" of ${flag} fails more than ${maxDifferencePercent} points above "${names.control}"`,
          maxDifferencePercent,
          relative(scope, names, service, minRequests),
        ),
        alarm(
          `${where}-unfinished`,
          `${service}: "${canary}" of ${flag} is killed in more than ${maxUnfinishedPercent} % of attempts: memory, time or a crash`,
          maxUnfinishedPercent,
          unfinished(scope, names, service, minRequests),
        ),
      ]
    }),
  )
  const everywhere = `An error rate above ${maxErrorPercent} % of any flag, service and variation`
  return [alarm('any-variation', everywhere, maxErrorPercent / 100, [insights(scope)]), ...perFlag]
}

/**
 * One alarm for every rollout: each series of the result is a contributor with a state of its own. No local engine runs
 * Metrics Insights: this query was checked against its documented grammar, and has not been executed by our tests.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
 */
function insights({ namespace, periodSeconds }: CheckedScope): AlarmMetric {
  const schema = `SCHEMA("${namespace}", ${FLAG}, ${SERVICE}, ${VARIATION})`
  const query = `SELECT AVG(${error}) FROM ${schema} GROUP BY ${FLAG}, ${SERVICE}, ${VARIATION}`
  return { Id: 'rate', Expression: query, Label: 'error rate', Period: periodSeconds, ReturnData: true }
}

function absolute(
  scope: CheckedScope,
  { flag, canary }: RolloutFlag,
  service: string,
  minRequests: number,
): readonly AlarmMetric[] {
  const of = (id: string, stat: string): AlarmMetric => metric(scope, id, error, [flag, service, canary], stat)
  return [
    of('rate', 'Average'),
    of('finished', 'SampleCount'),
    {
      Id: 'percent',
      Expression: `IF(finished >= ${minRequests}, 100 * rate, 0)`,
      Label: 'error rate, %',
      ReturnData: true,
    },
  ]
}

function relative(
  scope: CheckedScope,
  { flag, canary, control }: RolloutFlag,
  service: string,
  minRequests: number,
): readonly AlarmMetric[] {
  const of = (id: string, variation: string, stat: string): AlarmMetric =>
    metric(scope, id, error, [flag, service, variation], stat)
  return [
    of('canary', canary, 'Average'),
    of('canaries', canary, 'SampleCount'),
    of('control', control, 'Average'),
    of('controls', control, 'SampleCount'),
    {
      Id: 'difference',
      Expression: `IF(canaries >= ${minRequests} AND controls >= ${minRequests}, 100 * (canary - control), 0)`,
      Label: 'canary minus control, points',
      ReturnData: true,
    },
  ]
}

/** Some requests finish in the period after the one they were started in: hence a share, of enough of them. */
function unfinished(
  scope: CheckedScope,
  { flag, canary }: RolloutFlag,
  service: string,
  minRequests: number,
): readonly AlarmMetric[] {
  const of = (id: string, name: string, stat: string): AlarmMetric =>
    metric(scope, id, name, [flag, service, canary], stat)
  return [
    of('started', started, 'Sum'),
    of('finished', error, 'SampleCount'),
    {
      Id: 'unfinished',
      Expression: `IF(started >= ${minRequests}, 100 * (started - FILL(finished, 0)) / started, 0)`,
      Label: 'never finished, %',
      ReturnData: true,
    },
  ]
}

function metric(
  { namespace, periodSeconds }: CheckedScope,
  id: string,
  name: string,
  [flag, service, variation]: readonly [string, string, string],
  stat: string,
): AlarmMetric {
  const dimensions = { [FLAG]: flag, [SERVICE]: service, [VARIATION]: variation }
  return {
    Id: id,
    ReturnData: false,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: periodSeconds,
      Stat: stat,
    },
  }
}
