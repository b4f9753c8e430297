import { type CloudWatchClient, GetMetricDataCommand, type MetricDataResult } from '@aws-sdk/client-cloudwatch'
import { METRICS_NAMESPACE, WaybillError } from '@waybill/core'
import { RolloutError } from './errors.ts'
import type { MinuteCounts } from './guardrails.ts'
import { type Asked, COUNTS, type Count, metricOf, type Named, searchFor } from './metric-queries.ts'
import type { ReadMinutes } from './observing.ts'

export interface CloudWatchMinutesOptions {
  readonly client: CloudWatchClient
  /** CloudWatch namespace of the functions' metrics, with the stage in it. Default `FeatureFlags`. */
  readonly namespace?: string
  /**
   * Only these services, as the functions' metrics name them: their metrics are read by name. Default: all that a search
   * finds, and it finds what had values in the last two weeks; a metric that is minutes old may not be found yet.
   */
  readonly services?: readonly string[]
  /** The longest that one reading may take, with all its pages and attempts. Default 5,000. */
  readonly requestTimeoutMs?: number
}

const MINUTE_MS = 60_000
/**
 * Queries of one request, and series of all its searches together. Data points come in pages of 100,800; those of a minute
 * are there for 15 days. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
 */
const MAX_METRICS = 500
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html: not the one of AWS itself. */
const NAMESPACE = /^(?!AWS\/)(?!:)[A-Za-z0-9 .\-_/#:]{1,255}$/
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html */
const DIMENSION_VALUE = /^(?!:)(?=.*\S)[\x20-\x7e]{1,1024}$/

interface Series {
  readonly count: Count['count']
  readonly service: string
  readonly minutes: Map<number, number>
  /** Of the last page that had something of it. */
  status: MetricDataResult['StatusCode']
}

/**
 * Reads what a variation did from the metrics that its functions emit (`variationMetrics` of `@waybill/powertools`), in
 * one GetMetricData as a rule: sums over all functions, by minute. A minute without any value is absent. One with requests
 * that started and none that finished has `finished` 0: that is how a process that is killed looks.
 *
 * Rejects when CloudWatch is slow, denies, or has less than all, since counts with a gap look like a canary that fails:
 * with a `RolloutError`, or with what the SDK throws. Throws `bad_option` at set-up. Needs `cloudwatch:GetMetricData`.
 *
 * @example
 * ```ts
 * const readMinutes = cloudWatchMinutes({ client: new CloudWatchClient({}), services: ['place-order', 'loyalty'] })
 * // [{ minuteMs: 1767225600000, started: 120, finished: 119, errors: 3 }, …], when it is called with
 * // { flag: 'new-order-flow', variation: 'canary', fromMs: 1767225600000, untilMs: 1767226200000 }
 * ```
 */
export function cloudWatchMinutes(options: CloudWatchMinutesOptions): ReadMinutes {
  const { client, namespace = METRICS_NAMESPACE, services, requestTimeoutMs = 5_000 } = checked(options)
  return async ({ flag, variation, fromMs, untilMs, signal }) => {
    // Whole minutes: the end of a range is exclusive, and half a minute would look like one of few requests.
    const range = { StartTime: startOfMinute(fromMs), EndTime: startOfMinute(untilMs) }
    if (range.StartTime >= range.EndTime) return []
    const deadline = AbortSignal.timeout(requestTimeoutMs)
    const abortSignal = signal === undefined ? deadline : AbortSignal.any([deadline, signal])

    const ask = async (asked: readonly Asked[]): Promise<readonly Series[]> => {
      const found = new Map<string, Series>()
      let NextToken: string | undefined
      do {
        const MetricDataQueries = asked.map(({ query }) => query)
        const page = await client.send(
          new GetMetricDataCommand({ ...range, MetricDataQueries, ScanBy: 'TimestampAscending', NextToken }),
          { abortSignal },
        )
        refuseMessages(page.Messages)
        for (const result of page.MetricDataResults ?? []) collect(result, asked, found)
        NextToken = page.NextToken
      } while (NextToken !== undefined)
      refuseGaps(asked, found)
      return [...found.values()]
    }
    const byName = async (names: readonly Named[]): Promise<readonly Series[]> => {
      const all: Series[] = []
      for (let at = 0; at < names.length; at += MAX_METRICS) {
        const some = names.slice(at, at + MAX_METRICS)
        all.push(...(await ask(some.map((name, index) => metricOf(namespace, flag, variation, name, index)))))
      }
      return all
    }

    try {
      if (services !== undefined) {
        return summed(await byName(services.flatMap((service) => COUNTS.map((count) => ({ count, service })))))
      }
      const found = await ask(COUNTS.map((count) => searchFor(namespace, flag, variation, count)))
      return summed([...found, ...(await byName(unfound(found)))])
    } catch (error) {
      if (!deadline.aborted) throw error
      throw new RolloutError('metrics_late', `CloudWatch gave no answer in ${requestTimeoutMs} ms`, { cause: error })
    }
  }
}

function checked(options: CloudWatchMinutesOptions): CloudWatchMinutesOptions {
  const { client, namespace, services, requestTimeoutMs = 1 } = options ?? {}
  const bad = (option: string, expected: string): WaybillError =>
    new WaybillError('bad_option', `cloudWatchMinutes: option "${option}" must be ${expected}`)
  if (typeof client?.send !== 'function') throw bad('client', 'a CloudWatchClient')
  if (namespace !== undefined && !NAMESPACE.test(namespace))
    throw bad('namespace', 'a CloudWatch namespace of your own')
  if (services !== undefined) {
    const isRight = Array.isArray(services) && services.length > 0 && services.every((one) => DIMENSION_VALUE.test(one))
    if (!isRight) throw bad('services', 'the names of one or more services')
    if (new Set(services).size < services.length) throw bad('services', 'each service once: twice is counted twice')
  }
  // A timer takes no more: https://nodejs.org/api/timers.html
  if (!(requestTimeoutMs > 0 && requestTimeoutMs < 2 ** 31)) throw bad('requestTimeoutMs', 'a positive number')
  return options
}

const startOfMinute = (atMs: number): Date => new Date(Math.floor(atMs / MINUTE_MS) * MINUTE_MS)

/**
 * The metrics of a service that a search did not find, beside those that it did: it never wrote them, or only just now. New
 * ones can be read after two minutes, but are listed after up to fifteen:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html
 */
function unfound(found: readonly Series[]): readonly Named[] {
  const services = [...new Set(found.map(({ service }) => service))]
  return services.flatMap((service) =>
    COUNTS.filter(({ count }) => !found.some((one) => one.service === service && one.count === count)).map((count) => ({
      count,
      service,
    })),
  )
}

function collect(result: MetricDataResult, asked: readonly Asked[], found: Map<string, Series>): void {
  const { Id, Label = '', Timestamps = [], Values = [], StatusCode } = result
  const one = asked.find(({ query }) => query.Id === Id)
  if (one === undefined) throw incomplete(`a result "${Id}" that was not asked for`)
  refuseMessages(result.Messages)
  const { count, service = Label } = one
  const id = JSON.stringify([count, service])
  const series = found.get(id) ?? { count, service, minutes: new Map<number, number>(), status: StatusCode }
  found.set(id, series)
  series.status = StatusCode
  for (const [index, at] of Timestamps.entries()) {
    const value = Values[index]
    const minuteMs = startOfMinute(at.getTime()).getTime()
    if (value === undefined) throw incomplete(`no value of "${service}" at ${at.toISOString()}`)
    // Summed they might be one twice, and one of them is too few: a monitoring account sees the services of other accounts.
    if (series.minutes.has(minuteMs)) throw incomplete(`two series of a service "${service}"; name the services`)
    series.minutes.set(minuteMs, value)
  }
}

/** Such as `MaxMetricsExceeded`: "as much of the operation as possible is still executed". */
function refuseMessages(messages: MetricDataResult['Messages']): void {
  const [first] = messages ?? []
  if (first !== undefined) throw incomplete(`${first.Code}: ${first.Value}`)
}

/**
 * A page may be partial, the last one of a series may not. Searches have no further pages: the next tick asks again.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html
 */
function refuseGaps(asked: readonly Asked[], found: ReadonlyMap<string, Series>): void {
  for (const { status, service } of found.values()) {
    if (status !== 'Complete') throw incomplete(`${status ?? 'no status'} for service "${service}"`)
  }
  for (const { count, service } of asked) {
    if (service !== undefined && !found.has(JSON.stringify([count, service]))) {
      throw incomplete(`no result for service "${service}"`)
    }
  }
  const isSearch = asked.some(({ service }) => service === undefined)
  if (isSearch && found.size >= MAX_METRICS) throw incomplete(`${MAX_METRICS} series, maybe not all; name the services`)
}

function incomplete(what: string): RolloutError {
  return new RolloutError('metrics_incomplete', `CloudWatch did not give all metrics: ${what}`)
}

function summed(all: readonly Series[]): readonly MinuteCounts[] {
  const sums = new Map<number, { minuteMs: number; started: number; finished: number; errors: number }>()
  for (const { count, minutes } of all) {
    for (const [minuteMs, value] of minutes) {
      const sum = sums.get(minuteMs) ?? { minuteMs, started: 0, finished: 0, errors: 0 }
      sum[count] += value
      sums.set(minuteMs, sum)
    }
  }
  return [...sums.values()].sort((a, b) => a.minuteMs - b.minuteMs)
}
