import {
  CloudWatchClient,
  GetDashboardCommand,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LocalCloudWatch, type StartCloudWatchOptions, startCloudWatch } from '../../src/engines/cloudwatch.ts'
import { LOCAL_CLIENT } from './local-client.ts'

const NOON_MS = Date.parse('2026-03-04T12:00:00Z')
const MINUTE_MS = 60_000

let engine: LocalCloudWatch
let client: CloudWatchClient
async function start(options?: StartCloudWatchOptions): Promise<void> {
  engine = await startCloudWatch(options)
  client = new CloudWatchClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint, maxAttempts: 1 })
}
async function stop(): Promise<void> {
  client.destroy()
  await engine.close()
}
beforeEach(() => start())
afterEach(stop)

interface Line {
  readonly atMs?: number
  readonly service?: string
  readonly flag?: string
  readonly metrics: Readonly<Record<string, unknown>>
}

/** As functions write it. */
function line({ atMs = NOON_MS, service = 'orders', flag = 'flow', metrics }: Line): string {
  const directive = {
    Namespace: 'FeatureFlags',
    Dimensions: [['service', 'flag']],
    Metrics: Object.keys(metrics).map((Name) => ({ Name })),
  }
  return JSON.stringify({ _aws: { Timestamp: atMs, CloudWatchMetrics: [directive] }, service, flag, ...metrics })
}

const search = (stat: string, terms = 'MetricName="Latency" flag="flow"'): MetricDataQuery => ({
  Id: 'm',
  Expression: `SEARCH('{FeatureFlags,flag,service} ${terms}', '${stat}', 60)`,
  Label: `\${PROP('Dim.service')}`,
})
const metric = (Stat: string, service = 'orders', Period = 60): MetricDataQuery => ({
  Id: 'm',
  MetricStat: {
    Metric: {
      Namespace: 'FeatureFlags',
      MetricName: 'Latency',
      Dimensions: [
        { Name: 'flag', Value: 'flow' },
        { Name: 'service', Value: service },
      ],
    },
    Stat,
    Period,
  },
})

function get(query: MetricDataQuery, minutes = 10, more: object = {}): Promise<GetMetricDataCommandOutput> {
  return client.send(
    new GetMetricDataCommand({
      MetricDataQueries: [query],
      StartTime: new Date(NOON_MS),
      EndTime: new Date(NOON_MS + minutes * MINUTE_MS),
      ...more,
    }),
  )
}

describe('CloudWatch computes', () => {
  test.each([
    ['Sum', 60],
    ['SampleCount', 4],
    ['Average', 15],
    ['Minimum', 5],
    ['Maximum', 30],
    ['p50', 10],
    ['p99', 30],
  ])('%s of a minute’s values, from several lines', async (stat, expected) => {
    engine.putLogLine(line({ metrics: { Latency: [5, 30] } }))
    engine.putLogLine(line({ atMs: NOON_MS + 59_999, metrics: { Latency: 10 } }))
    engine.putLogLine(line({ atMs: NOON_MS + 30_000, metrics: { Latency: 15 } }))
    engine.putLogLine(line({ atMs: NOON_MS + MINUTE_MS, metrics: { Latency: 1000 } }))
    const { MetricDataResults } = await get(metric(stat), 1)
    expect(MetricDataResults).toMatchObject([
      { Id: 'm', Values: [expected], Timestamps: [new Date(NOON_MS)], StatusCode: 'Complete' },
    ])
  })

  test('values that come with their counts', async () => {
    engine.putLogLine(line({ metrics: { Latency: { Values: [5, 10], Counts: [3, 1] } } }))
    expect((await get(metric('Sum'))).MetricDataResults?.[0]?.Values).toEqual([25])
    expect((await get(metric('SampleCount'))).MetricDataResults?.[0]?.Values).toEqual([4])
  })

  test('longer periods', async () => {
    for (const minute of [0, 1, 5])
      engine.putLogLine(line({ atMs: NOON_MS + minute * MINUTE_MS, metrics: { Latency: 7 } }))
    expect((await get(metric('Sum', 'orders', 300))).MetricDataResults?.[0]?.Values).toEqual([7, 14])
  })

  test('nothing for a metric that is not there, and says that this is all', async () => {
    expect((await get(metric('Sum', 'nobody'))).MetricDataResults).toMatchObject([
      { Values: [], Timestamps: [], StatusCode: 'Complete' },
    ])
  })

  test('from the start of the first minute up to and without the last', async () => {
    for (const minute of [-1, 0, 1, 2])
      engine.putLogLine(line({ atMs: NOON_MS + minute * MINUTE_MS, metrics: { Latency: minute } }))
    const range = { StartTime: new Date(NOON_MS + 30_000), ScanBy: 'TimestampAscending' }
    expect((await get(metric('Sum'), 2, range)).MetricDataResults?.[0]?.Values).toEqual([0, 1])
  })
})

/** What shares names with the schema and is another metric to CloudWatch. */
const OTHER_SETS = [['flag'], [], ['flag', 'service', 'variation']]

describe('a search finds', () => {
  test('the series of the schema and the terms, one result each', async () => {
    engine.putLogLine(line({ metrics: { Latency: 1, Error: 1 } }))
    engine.putLogLine(line({ service: 'loyalty', metrics: { Latency: 2 } }))
    engine.putLogLine(line({ flag: 'flow-2', metrics: { Latency: 4 } }))
    const directive = { Namespace: 'FeatureFlags', Dimensions: OTHER_SETS, Metrics: [{ Name: 'Latency' }] }
    const _aws = { Timestamp: NOON_MS, CloudWatchMetrics: [directive] }
    const other = { _aws, flag: 'flow', service: 'orders', variation: 'canary', Latency: 8 }
    engine.putLogLine(JSON.stringify(other))
    const { MetricDataResults } = await get(search('Sum'))
    expect(MetricDataResults?.map(({ Label, Values }) => [Label, Values])).toEqual([
      ['orders', [1]],
      ['loyalty', [2]],
    ])
  })

  test('a name with quotes, backslashes and parentheses, which are escaped', async () => {
    engine.putLogLine(line({ flag: String.raw`a"b\c(d)`, metrics: { Latency: 3 } }))
    engine.putLogLine(line({ flag: 'a', metrics: { Latency: 5 } }))
    const { MetricDataResults } = await get(search('Sum', String.raw`MetricName="Latency" flag="a\"b\\c\(d\)"`))
    expect(MetricDataResults?.map(({ Values }) => Values)).toEqual([[3]])
  })

  test('500 series, and says that there are more', async () => {
    for (let service = 0; service < 501; service += 1)
      engine.putLogLine(line({ service: `s${service}`, metrics: { Latency: 1 } }))
    const { MetricDataResults, Messages } = await get(search('Sum'))
    expect(MetricDataResults).toHaveLength(500)
    expect(Messages).toMatchObject([{ Code: 'MaxMetricsExceeded' }])
  })

  test.each([
    ['arithmetic', `100 * SEARCH('{N,flag} MetricName="L"', 'Sum', 60)`],
    ['terms that match in part', `SEARCH('{N,flag} MetricName=Latency', 'Sum', 60)`],
    ['operators', `SEARCH('{N,flag} MetricName="L" OR flag="f"', 'Sum', 60)`],
    ['an unescaped quote', `SEARCH('{N,flag} flag="a"b"', 'Sum', 60)`],
    ['an unescaped parenthesis', `SEARCH('{N,flag} flag="a(b)"', 'Sum', 60)`],
    ['a single quote', `SEARCH('{N,flag} flag="a'b"', 'Sum', 60)`],
    ['more than 1,024 characters', `SEARCH('{N,flag} flag="${'a'.repeat(1024)}"', 'Sum', 60)`],
  ])('nothing by %s: it refuses them', async (_name, Expression) => {
    await expect(get({ Id: 'm', Expression })).rejects.toMatchObject({ name: 'ValidationException' })
  })
})

describe('pages', () => {
  test('of few data points bring all of them, and call what goes on partial', async () => {
    await stop()
    await start({ pageDatapoints: 2 })
    for (const minute of [0, 1, 2]) {
      engine.putLogLine(line({ atMs: NOON_MS + minute * MINUTE_MS, metrics: { Latency: minute } }))
      engine.putLogLine(line({ service: 'loyalty', atMs: NOON_MS + minute * MINUTE_MS, metrics: { Latency: minute } }))
    }
    const pages: unknown[] = []
    let NextToken: string | undefined
    do {
      const page = await get(search('Sum'), 10, { NextToken })
      pages.push(page.MetricDataResults?.map(({ Label, Values, StatusCode }) => [Label, Values, StatusCode]))
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    expect(pages).toEqual([
      [['orders', [2, 1], 'PartialData']],
      [
        ['orders', [0], 'Complete'],
        ['loyalty', [2], 'PartialData'],
      ],
      [['loyalty', [1, 0], 'Complete']],
    ])
  })

  test('may be made smaller by the request', async () => {
    for (const minute of [0, 1])
      engine.putLogLine(line({ atMs: NOON_MS + minute * MINUTE_MS, metrics: { Latency: 1 } }))
    const { MetricDataResults, NextToken } = await get(metric('Sum'), 10, { MaxDatapoints: 1 })
    expect(MetricDataResults?.[0]?.Values).toHaveLength(1)
    expect(NextToken).toBeDefined()
  })
})

test('lines that are no embedded metrics are ignored, those that CloudWatch could not read are counted', async () => {
  const right = line({ metrics: { Latency: 1 } })
  for (const plain of ['START RequestId: 1', '{"level":"INFO"}', '{"_aws"', 'Latency "_aws" 12'])
    engine.putLogLine(plain)
  expect(engine.malformedLines()).toBe(0)
  const wrong = [
    line({ metrics: { Latency: 'fast' } }),
    line({ metrics: { Latency: Array(101).fill(1) } }),
    line({ service: '', metrics: { Latency: 1 } }),
    line({ metrics: { Latency: { Values: [1, 2], Counts: [1] } } }),
    right.replace('"service":"orders",', ''),
    right.replace('"Timestamp"', '"Time"'),
  ]
  for (const each of wrong) engine.putLogLine(each)
  expect(engine.malformedLines()).toBe(wrong.length)
  expect((await get(search('Sum'))).MetricDataResults).toEqual([])
})

test('it fails on demand: as a whole, or result by result', async () => {
  engine.putLogLine(line({ metrics: { Latency: 1 } }))
  engine.failWith('Throttling')
  await expect(get(metric('Sum'))).rejects.toMatchObject({ name: 'Throttling' })
  await expect(client.send(new GetDashboardCommand({ DashboardName: 'd' }))).rejects.toMatchObject({
    name: 'Throttling',
  })
  engine.failWith(undefined)
  engine.troubleMetricData('PartialData')
  expect((await get(metric('Sum'))).MetricDataResults).toMatchObject([{ StatusCode: 'PartialData', Values: [] }])
  engine.troubleMetricData(undefined)
  expect((await get(metric('Sum'))).MetricDataResults).toMatchObject([{ StatusCode: 'Complete', Values: [1] }])
  expect(engine.metricDataRequests()).toBe(3)
})

test('a request without an order of time, with two of one Id, or for no query is refused', async () => {
  await expect(get(metric('Sum'), 0)).rejects.toMatchObject({ name: 'ValidationException' })
  const twice = { MetricDataQueries: [metric('Sum'), metric('Sum')] }
  await expect(get(metric('Sum'), 1, twice)).rejects.toMatchObject({ name: 'ValidationException' })
  await expect(get(metric('Sum'), 1, { MetricDataQueries: [] })).rejects.toMatchObject({ name: 'ValidationException' })
  await expect(get(metric('IQM'), 1)).rejects.toMatchObject({ name: 'ValidationException' })
})
