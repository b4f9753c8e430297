import { DIMENSION_NAMES, METRIC_NAMES } from '@waybill/core'
import type { CheckedScope, RolloutFlag } from './options.ts'
import type { Panel } from './panels.ts'

/*
 * How CloudWatch computes what a panel shows.
 * - a search picks up new services and variations by itself; at most 500 series, of the last two weeks
 *   https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 * - searches cannot be taken from each other pairwise, so differences name their metrics
 *   https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */

/** One entry of a metric widget's `metrics`: a metric with its dimensions, or an expression. */
export type MetricEntry = readonly (string | MetricRendering)[]

export interface MetricRendering {
  readonly expression?: string
  readonly id?: string
  readonly label?: string
  readonly stat?: string
  readonly visible?: boolean
}

const { service: SERVICE, flag: FLAG, variation: VARIATION, origin: ORIGIN, code: CODE } = DIMENSION_NAMES
const { started, error, latency, affectedUsers, decisions, counts } = METRIC_NAMES
const byVariation = [FLAG, SERVICE, VARIATION]

/** The metrics of one panel, for one flag and its two variations. */
export function metricsOf(panel: Panel, scope: CheckedScope, names: RolloutFlag): readonly MetricEntry[] {
  const { service } = panel
  const ofFlag = service === undefined ? { [FLAG]: names.flag } : { [FLAG]: names.flag, [SERVICE]: service }
  const search = (metric: string, stat: string): string => searchFor(scope, byVariation, metric, ofFlag, stat)
  const label = service === undefined ? `${nameOf(SERVICE)} ${nameOf(VARIATION)}` : nameOf(VARIATION)
  switch (panel.id) {
    case 'error-rate':
      return [[{ expression: `100 * ${search(error, 'Average')}`, id: 'e1', label }]]
    case 'latency':
      return ['p50', 'p95', 'p99'].map((stat) => [
        { expression: search(latency, stat), id: `l${stat.slice(1)}`, label: `${label} ${stat}` },
      ])
    case 'share':
      return [
        [{ expression: search(started, 'Sum'), id: 's1', visible: false }],
        [{ expression: '100 * s1 / SUM(s1)', id: 'e1', label }],
      ]
    case 'affected-users':
      return [[{ expression: search(affectedUsers, 'Sum'), id: 'e1', label }]]
    case 'origins':
      return [counting(scope, decisions, ORIGIN)]
    case 'counts':
      return [counting(scope, counts, CODE)]
    case 'unfinished':
      return [names.canary, names.control].flatMap((variation, index) =>
        unfinished(scope, { [FLAG]: names.flag, [SERVICE]: service ?? '', [VARIATION]: variation }, index),
      )
    case 'error-difference':
      return scope.services.flatMap((each, index) => difference(scope, names, each, index))
  }
}

/** `Started` less the samples of `Error`: a gap in either is zero, or the kill of the only request would not show. */
function unfinished(scope: CheckedScope, dimensions: Dimensions, index: number): readonly MetricEntry[] {
  return [
    metric(scope, started, dimensions, { id: `s${index}`, stat: 'Sum', visible: false }),
    metric(scope, error, dimensions, { id: `f${index}`, stat: 'SampleCount', visible: false }),
    [
      {
        expression: `FILL(s${index}, 0) - FILL(f${index}, 0)`,
        id: `u${index}`,
        label: dimensions[VARIATION] ?? '',
      },
    ],
  ]
}

function difference(scope: CheckedScope, names: RolloutFlag, service: string, index: number): readonly MetricEntry[] {
  const of = (variation: string): Dimensions => ({ [FLAG]: names.flag, [SERVICE]: service, [VARIATION]: variation })
  return [
    metric(scope, error, of(names.canary), { id: `c${index}`, stat: 'Average', visible: false }),
    metric(scope, error, of(names.control), { id: `k${index}`, stat: 'Average', visible: false }),
    [{ expression: `100 * (c${index} - k${index})`, id: `d${index}`, label: service }],
  ]
}

type Dimensions = Readonly<Record<string, string>>

function counting(scope: CheckedScope, name: string, by: string): MetricEntry {
  const label = `${nameOf(SERVICE)} ${nameOf(by)}`
  return [{ expression: searchFor(scope, [SERVICE, by], name, {}, 'Sum'), id: 'e1', label }]
}

function metric(
  { namespace }: CheckedScope,
  name: string,
  dimensions: Dimensions,
  rendering: MetricRendering,
): MetricEntry {
  return [namespace, name, ...Object.entries(dimensions).flat(), rendering]
}

/** A dynamic label: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html */
const nameOf = (dimension: string): string => `\${PROP('Dim.${dimension}')}`

/** Terms in double quotes match exactly, with parentheses escaped. */
function searchFor(
  { namespace, periodSeconds }: CheckedScope,
  schema: readonly string[],
  name: string,
  equal: Dimensions,
  stat: string,
): string {
  const terms = Object.entries(equal).map(([dimension, value]) => {
    return ` ${dimension}="${value.replaceAll(/[()]/g, '\\$&')}"`
  })
  const query = `{${[quotedNamespace(namespace), ...schema].join(',')}} MetricName="${name}"${terms.join('')}`
  return `SEARCH('${query}', '${stat}', ${periodSeconds})`
}

/** A namespace of more than letters, digits, `.`, `_`, `-` and `/` is quoted in a schema. */
function quotedNamespace(namespace: string): string {
  return /^[A-Za-z0-9._/-]+$/.test(namespace) ? namespace : `"${namespace}"`
}

/** What fills a drop-down: the values of one dimension, found by a search. */
export function searchForNames(scope: CheckedScope): string {
  const schema = [quotedNamespace(scope.namespace), ...byVariation].join(',')
  return `{${schema}} MetricName="${started}"`
}
