/**
 * What metrics are called, for emitters, dashboards and alarms alike. Changing one breaks every chart that was made
 * with it.
 */
export const METRICS_NAMESPACE = 'FeatureFlags'

/**
 * Per observed flag and variation. `Started`: 1 before the handler runs. `Error`: 0 or 1 when it is over, so the average
 * is the rate and the sample count the finished. `Latency`: milliseconds.
 */
export const METRIC_NAMES: {
  readonly started: 'Started'
  readonly error: 'Error'
  readonly latency: 'Latency'
} = { started: 'Started', error: 'Error', latency: 'Latency' }

/** The dimensions of each metric; `service` is the function's, as Powertools has it. */
export const DIMENSION_NAMES: {
  readonly service: 'service'
  readonly flag: 'flag'
  readonly variation: 'variation'
} = { service: 'service', flag: 'flag', variation: 'variation' }

/** The variation under which a function's excess series are folded together. */
export const OTHER_VARIATION = '__other__'
