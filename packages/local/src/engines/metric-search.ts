import type { MetricSeries } from './emf-metrics.ts'
import { ServiceError } from './json-protocol.ts'

/** A search expression, taken apart. */
export interface MetricSearch {
  readonly namespace: string
  /** A metric that has exactly these dimensions. */
  readonly schema: readonly string[]
  /** `MetricName` and dimensions, by the value that each has to the letter. */
  readonly equal: ReadonlyMap<string, string>
  readonly stat: string
  readonly periodSeconds: number
}

/*
 * Of the syntax only what dashboards and rollouts write: a schema, terms that match exactly, a statistic, a period. Within
 * double quotes a backslash stands before `"`, `\`, `(` and `)`; for the single quote, which ends the search, there is none.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 */
const QUOTED = String.raw`"(?:[^"\\()']|\\["\\()])+"`
const PLAIN = '[A-Za-z0-9._/-]+'
const NAME = `(?:${PLAIN}|${QUOTED})`
const EXPRESSION = new RegExp(
  String.raw`^SEARCH\('\{(${NAME}(?:,${NAME})*)\}((?: ${PLAIN}=${QUOTED})+)', '([A-Za-z0-9.]+)', (\d+)\)$`,
)
const MAX_EXPRESSION = 1024

/** Throws what the client sees for any other expression. */
export function parseSearch(expression: string): MetricSearch {
  const [, schema, terms, stat, period] = EXPRESSION.exec(expression) ?? []
  if (schema === undefined || terms === undefined || stat === undefined) {
    const known = `SEARCH('{Namespace,Dimension,...} MetricName="..." Dimension="..."', 'Sum', 60)`
    throw new ServiceError('ValidationError', `The expression ${expression} is not emulated; known: ${known}`)
  }
  if (expression.length > MAX_EXPRESSION) {
    throw new ServiceError('ValidationError', `The expression has more than ${MAX_EXPRESSION} characters`)
  }
  const [namespace = '', ...dimensions] = [...schema.matchAll(new RegExp(NAME, 'g'))].map(([name]) => unquoted(name))
  const equal = new Map<string, string>()
  for (const [, name = '', value = ''] of terms.matchAll(new RegExp(` (${PLAIN})=(${QUOTED})`, 'g'))) {
    equal.set(name, unquoted(value))
  }
  return { namespace, schema: dimensions, equal, stat, periodSeconds: Number(period) }
}

/** Those that a search finds. */
export function searched(all: Iterable<MetricSeries>, search: MetricSearch): readonly MetricSeries[] {
  return [...all].filter(({ namespace, name, dimensions }) => {
    if (namespace !== search.namespace || Object.keys(dimensions).length !== search.schema.length) return false
    if (!search.schema.every((dimension) => Object.hasOwn(dimensions, dimension))) return false
    return [...search.equal].every(([term, value]) => (term === 'MetricName' ? name : dimensions[term]) === value)
  })
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll(/\\(.)/g, '$1') : name
}
