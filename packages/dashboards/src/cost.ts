/** What is billed of a configuration, by what it is made of. */
export interface CostInput {
  /** Functions that emit. */
  readonly services: number
  /** For each observed flag, how many variations it has. */
  readonly variationsByFlag: readonly number[]
  /** Whether newly affected users are counted as a metric as well. Default false. */
  readonly affectedUsers?: boolean
  /** Business metrics by flag and variation, beside ours. Default 0. */
  readonly businessMetrics?: number
  /** Origins and codes that really occur, per service: each is a metric. Default 2 and 4. */
  readonly origins?: number
  readonly codes?: number
  readonly alarmMetrics?: number
  readonly dashboards?: number
}

/** An estimate: what is billed, and dollars a month by the list price. */
export interface CostEstimate {
  readonly metrics: number
  readonly lines: readonly { readonly what: string; readonly count: number; readonly dollars: number }[]
  readonly dollars: number
}

/**
 * List prices of us-east-1 in dollars a month, read in November 2026; a metric costs for the hours in which it is sent.
 * https://aws.amazon.com/cloudwatch/pricing/
 */
export const LIST_PRICES: {
  readonly metricTiers: readonly { readonly metrics: number; readonly dollars: number }[]
  readonly alarmMetric: number
  readonly dashboard: number
} = {
  /** Dollars for each metric of a tier, and how many the tier holds. */
  metricTiers: [
    { metrics: 10_000, dollars: 0.3 },
    { metrics: 240_000, dollars: 0.1 },
    { metrics: 750_000, dollars: 0.05 },
    { metrics: Number.POSITIVE_INFINITY, dollars: 0.02 },
  ],
  /** For each metric that an alarm analyses. */
  alarmMetric: 0.1,
  dashboard: 3,
}

/** `Started`, `Error`, `Latency`: the three that every observed flag and variation has. */
const METRICS_PER_VARIATION = 3

/**
 * Estimates what metrics, alarms and dashboards cost. Not in it: the log lines themselves (about 400 bytes for each line
 * of embedded metrics), the free tier, and the reads of whoever looks at the dashboard.
 *
 * @example
 * ```ts
 * costOf({ services: 5, variationsByFlag: Array(10).fill(2), origins: 0, codes: 0 }).dollars // 90
 * ```
 */
export function costOf(input: CostInput): CostEstimate {
  const { services, variationsByFlag, businessMetrics = 0, origins = 2, codes = 4 } = input
  const { alarmMetrics = 0, dashboards = 0, affectedUsers = false } = input
  const variations = variationsByFlag.reduce((sum, count) => sum + count, 0)
  const ours = services * variations * (METRICS_PER_VARIATION + (affectedUsers ? 1 : 0))
  const business = services * variations * businessMetrics
  const counted = services * (origins + codes)
  const metrics = ours + business + counted
  // Tiers are of the sum: each line has its share of it.
  const each = metrics === 0 ? 0 : metricDollars(metrics) / metrics
  const lines = [
    {
      what: `Started, Error, Latency${affectedUsers ? ', AffectedUsers' : ''} by flag and variation`,
      count: ours,
      dollars: ours * each,
    },
    { what: 'business metrics by flag and variation', count: business, dollars: business * each },
    { what: 'decision origins and counts', count: counted, dollars: counted * each },
    { what: 'metrics that alarms analyse', count: alarmMetrics, dollars: alarmMetrics * LIST_PRICES.alarmMetric },
    { what: 'dashboards', count: dashboards, dollars: dashboards * LIST_PRICES.dashboard },
  ]
    .filter(({ count }) => count > 0)
    .map((line) => ({ ...line, dollars: cents(line.dollars) }))
  return { metrics, lines, dollars: cents(lines.reduce((sum, { dollars }) => sum + dollars, 0)) }
}

function metricDollars(metrics: number): number {
  let left = metrics
  let dollars = 0
  for (const tier of LIST_PRICES.metricTiers) {
    const here = Math.min(left, tier.metrics)
    dollars += here * tier.dollars
    left -= here
  }
  return dollars
}

function cents(dollars: number): number {
  return Math.round(dollars * 100) / 100
}
