import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import { DIMENSION_NAMES, METRIC_NAMES } from '@waybill/core'
import { RolloutError } from './errors.ts'

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
const MAX_SEARCH_LENGTH = 1024
const PERIOD_SECONDS = 60

/** What is asked of a service: each count is a statistic of one of its metrics. */
export interface Count {
  readonly count: 'started' | 'finished' | 'errors'
  readonly metric: string
  readonly stat: 'Sum' | 'SampleCount'
}

export const COUNTS: readonly Count[] = [
  { count: 'started', metric: METRIC_NAMES.started, stat: 'Sum' },
  { count: 'finished', metric: METRIC_NAMES.error, stat: 'SampleCount' },
  { count: 'errors', metric: METRIC_NAMES.error, stat: 'Sum' },
]

export interface Asked {
  readonly query: MetricDataQuery
  readonly count: Count['count']
  /** `undefined`: of each that the search finds; the label then says which. */
  readonly service?: string
}

/** A search as dashboards have it, whose label is the service that each series is of. */
export function searchFor(namespace: string, flag: string, variation: string, { count, metric, stat }: Count): Asked {
  const { flag: FLAG, service: SERVICE, variation: VARIATION } = DIMENSION_NAMES
  const schema = [plainOrQuoted(namespace), FLAG, SERVICE, VARIATION].join(',')
  const terms = `MetricName=${quoted(metric)} ${FLAG}=${quoted(flag)} ${VARIATION}=${quoted(variation)}`
  const Expression = `SEARCH('{${schema}} ${terms}', '${stat}', ${PERIOD_SECONDS})`
  if (Expression.length > MAX_SEARCH_LENGTH) {
    throw unsearchable(`flag "${flag}" with "${variation}" is too long for a search`)
  }
  return { count, query: { Id: count, Expression, Label: `\${PROP('Dim.${SERVICE}')}` } }
}

/** Terms in double quotes match exactly; these characters are escaped there, and a single quote cannot be. */
function quoted(value: string): string {
  if (value.includes("'")) throw unsearchable(`"${value}" has a single quote, which would end the search`)
  return `"${value.replaceAll(/["\\()]/g, '\\$&')}"`
}

const plainOrQuoted = (namespace: string): string =>
  /^[A-Za-z0-9._/-]+$/.test(namespace) ? namespace : `"${namespace}"`

function unsearchable(message: string): RolloutError {
  return new RolloutError('unsearchable_name', `${message}: give cloudWatchMinutes the option "services"`)
}

export interface Named {
  readonly count: Count
  readonly service: string
}

export function metricOf(namespace: string, flag: string, variation: string, named: Named, index: number): Asked {
  const { service } = named
  const { count, metric, stat } = named.count
  const Dimensions = [
    { Name: DIMENSION_NAMES.flag, Value: flag },
    { Name: DIMENSION_NAMES.service, Value: service },
    { Name: DIMENSION_NAMES.variation, Value: variation },
  ]
  const Metric = { Namespace: namespace, MetricName: metric, Dimensions }
  return {
    count,
    service,
    query: { Id: `${count}${index}`, MetricStat: { Metric, Stat: stat, Period: PERIOD_SECONDS } },
  }
}
