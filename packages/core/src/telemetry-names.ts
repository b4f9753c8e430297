/**
 * What metrics are called, for emitters, dashboards and alarms alike. Changing one breaks every chart that was made
 * with it.
 */
export const METRICS_NAMESPACE = 'FeatureFlags'

/**
 * Per observed flag and variation: `Started`, 1 before the handler runs; `Error`, 0 or 1 when it is over, so the average
 * is the rate and the sample count the finished; `Latency`, milliseconds; `AffectedUsers`, 1 for each user who met the
 * first failure of a rollout. Per origin: `Decisions`, how those that were read came about. Per code: `Counts`, the ledger.
 */
export const METRIC_NAMES: {
  readonly started: 'Started'
  readonly error: 'Error'
  readonly latency: 'Latency'
  readonly affectedUsers: 'AffectedUsers'
  readonly decisions: 'Decisions'
  readonly counts: 'Counts'
} = {
  started: 'Started',
  error: 'Error',
  latency: 'Latency',
  affectedUsers: 'AffectedUsers',
  decisions: 'Decisions',
  counts: 'Counts',
}

/** Each metric has `service`, as Powertools has it, and what it is counted by: flag and variation, origin, or code. */
export const DIMENSION_NAMES: {
  readonly service: 'service'
  readonly flag: 'flag'
  readonly variation: 'variation'
  readonly origin: 'origin'
  readonly code: 'code'
} = { service: 'service', flag: 'flag', variation: 'variation', origin: 'origin', code: 'code' }

/** The variation under which a function's excess series are folded together. */
export const OTHER_VARIATION = '__other__'
