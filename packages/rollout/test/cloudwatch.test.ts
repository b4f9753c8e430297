import { CloudWatchClient, type GetMetricDataCommandOutput, type MetricDataResult } from '@aws-sdk/client-cloudwatch'
import { type Cutter, type LocalCloudWatch, startCloudWatch, startCutter } from '@waybill/local'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CloudWatchMinutesOptions, cloudWatchMinutes } from '../src/cloudwatch.ts'
import type { MinutesQuery } from '../src/observing.ts'

const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }
const NOON_MS = Date.parse('2026-03-04T12:00:00Z')
const MINUTE_MS = 60_000

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

let engine: LocalCloudWatch
let cutter: Cutter
let client: CloudWatchClient
async function start(pageDatapoints?: number): Promise<void> {
  engine = await startCloudWatch(pageDatapoints === undefined ? {} : { pageDatapoints })
  cutter = await startCutter(engine.endpoint)
  client = new CloudWatchClient({ ...LOCAL, endpoint: cutter.endpoint, maxAttempts: 1 })
  closing.push(engine.close, cutter.close, () => client.destroy())
}
beforeEach(() => start())

interface Told {
  readonly minute?: number
  readonly service?: string
  readonly flag?: string
  readonly variation?: string
  readonly namespace?: string
}
/** A line of a function's log. `Error` has a value for each request that finished. */
function tell(metrics: { Started?: number; Error?: number | readonly number[] }, told: Told = {}): void {
  const { minute = 0, service = 'place-order', flag = 'flow', variation = 'canary', namespace = 'FeatureFlags' } = told
  const directive = {
    Namespace: namespace,
    Dimensions: [['service', 'flag', 'variation']],
    Metrics: Object.keys(metrics).map((Name) => ({ Name })),
  }
  const _aws = { Timestamp: NOON_MS + minute * MINUTE_MS + 1234, CloudWatchMetrics: [directive] }
  engine.putLogLine(JSON.stringify({ _aws, service, flag, variation, ...metrics }))
}

const query = (changes: Partial<MinutesQuery> = {}): MinutesQuery => ({
  flag: 'flow',
  variation: 'canary',
  fromMs: NOON_MS,
  untilMs: NOON_MS + 10 * MINUTE_MS,
  ...changes,
})
const read = (changes: Partial<MinutesQuery> = {}, options: Partial<CloudWatchMinutesOptions> = {}) =>
  cloudWatchMinutes({ client, ...options })(query(changes))
const minute = (index: number, started: number, finished: number, errors: number) => ({
  minuteMs: NOON_MS + index * MINUTE_MS,
  started,
  finished,
  errors,
})

const BOTH: [string, Partial<CloudWatchMinutesOptions>][] = [
  ['that a search finds', {}],
  ['named', { services: ['place-order', 'loyalty'] }],
]
describe.each(BOTH)('of services %s, minutes', (_name, options) => {
  it('are sums over functions and lines, the oldest first', async () => {
    tell({ Started: 2 }, { minute: 1 })
    tell({ Error: [0, 1] }, { minute: 1 })
    tell({ Started: 3 })
    tell({ Error: [0, 0, 1] })
    tell({ Started: 1 }, { service: 'loyalty' })
    tell({ Error: 1 }, { service: 'loyalty' })
    expect(await read({}, options)).toEqual([minute(0, 4, 4, 2), minute(1, 2, 2, 1)])
    expect(engine.metricDataRequests()).toBe(1)
  })

  it('of a process that was killed started and did not finish', async () => {
    tell({ Started: 1 })
    tell({ Error: 0 }, { minute: 1 })
    tell({ Started: 5 }, { minute: 2, service: 'loyalty' })
    expect(await read({}, options)).toEqual([minute(0, 1, 0, 0), minute(1, 0, 1, 0), minute(2, 5, 0, 0)])
  })

  it('have nothing of other variations, flags and namespaces, nor of other names that begin alike', async () => {
    tell({ Started: 1, Error: 0 })
    for (const other of [
      { variation: 'control' },
      { variation: 'canary-2' },
      { flag: 'flow-2' },
      { flag: 'Flow' },
      { namespace: 'FeatureFlags/dev' },
    ]) {
      tell({ Started: 100, Error: 1 }, other)
    }
    expect(await read({}, options)).toEqual([minute(0, 1, 1, 0)])
    const dev = { ...options, namespace: 'FeatureFlags/dev' }
    expect(await read({}, dev)).toEqual([minute(0, 100, 1, 1)])
  })

  it('are whole ones, from the first up to and without the last', async () => {
    for (const index of [-1, 0, 1, 2]) tell({ Started: 1, Error: 0 }, { minute: index })
    const half = { fromMs: NOON_MS + 30_000, untilMs: NOON_MS + 2 * MINUTE_MS + 30_000 }
    expect(await read(half, options)).toEqual([minute(0, 1, 1, 0), minute(1, 1, 1, 0)])
  })

  it('are none where there was no traffic, or no time', async () => {
    expect(await read({}, options)).toEqual([])
    tell({ Started: 1, Error: 0 })
    expect(await read({ untilMs: NOON_MS + 59_999 }, options)).toEqual([])
  })

  it('come whole in several pages', async () => {
    await start(4)
    for (let index = 0; index < 10; index += 1) {
      tell({ Started: 3, Error: [0, 1] }, { minute: index })
      tell({ Started: 1, Error: 0 }, { minute: index, service: 'loyalty' })
    }
    const expected = Array.from({ length: 10 }, (_, index) => minute(index, 4, 3, 1))
    expect(await read({}, options)).toEqual(expected)
    expect(engine.metricDataRequests()).toBe(15)
  })

  it.each(['PartialData', 'InternalError', 'Forbidden'] as const)(
    'are not known when a result is %s',
    async (status) => {
      tell({ Started: 3, Error: [0, 1] })
      engine.troubleMetricData(status)
      await expect(read({}, options)).rejects.toMatchObject({
        name: 'RolloutError',
        code: 'metrics_incomplete',
        message: expect.stringContaining(status),
      })
      engine.troubleMetricData(undefined)
      expect(await read({}, options)).toEqual([minute(0, 3, 2, 1)])
    },
  )

  it('are not known when CloudWatch refuses, is down, or hangs', async () => {
    tell({ Started: 3, Error: [0, 1] })
    engine.failWith('Throttling')
    await expect(read({}, options)).rejects.toMatchObject({ name: 'Throttling' })
    engine.failWith(undefined)
    cutter.cut()
    await expect(read({}, options)).rejects.toThrow()
    cutter.heal()
    cutter.hang()
    await expect(read({}, { ...options, requestTimeoutMs: 50 })).rejects.toMatchObject({ code: 'metrics_late' })
    const signal = AbortSignal.abort()
    await expect(read({ signal }, options)).rejects.toMatchObject({ name: 'AbortError' })
    cutter.heal()
    expect(await read({}, options)).toEqual([minute(0, 3, 2, 1)])
  })
})

describe('a search', () => {
  const AWKWARD = ['a"b', String.raw`a\b`, 'a(b)', String.raw`"a" OR flag="b\"`, 'a{b},c}', '$' + '{AVG}']
  it.each(AWKWARD)('finds a flag and a variation called %s, and no other', async (name) => {
    tell({ Started: 1, Error: 0 }, { flag: name, variation: name })
    tell({ Started: 100, Error: 1 }, { flag: 'b' })
    tell({ Started: 100, Error: 1 }, { flag: 'a', variation: 'b' })
    expect(await read({ flag: name, variation: name })).toEqual([minute(0, 1, 1, 0)])
  })

  it.each([
    ['a single quote', "it's"],
    ['too long', 'f'.repeat(1000)],
  ])('is refused for a name that is %s, which services named read', async (_name, flag) => {
    tell({ Started: 1, Error: 0 }, { flag })
    await expect(read({ flag })).rejects.toMatchObject({
      code: 'unsearchable_name',
      message: expect.stringContaining('services'),
    })
    expect(engine.metricDataRequests()).toBe(0)
    expect(await read({ flag }, { services: ['place-order'] })).toEqual([minute(0, 1, 1, 0)])
  })

  it('quotes a namespace with spaces', async () => {
    tell({ Started: 1, Error: 0 }, { namespace: 'My Flags' })
    expect(await read({}, { namespace: 'My Flags' })).toEqual([minute(0, 1, 1, 0)])
  })

  it('that found one metric of a service asks for its others by name: they may be too new to be found', async () => {
    tell({ Started: 3 })
    expect(await read()).toEqual([minute(0, 3, 0, 0)])
    expect(engine.metricDataRequests()).toBe(2)
  })

  it('that may have found more series than it gives is refused', async () => {
    for (let index = 0; index < 170; index += 1) tell({ Started: 1, Error: 0 }, { service: `s-${index}` })
    await expect(read()).rejects.toMatchObject({
      code: 'metrics_incomplete',
      message: expect.stringContaining('MaxMetricsExceeded'),
    })
    const services = Array.from({ length: 170 }, (_, index) => `s-${index}`)
    expect(await read({}, { services })).toEqual([minute(0, 170, 170, 0)])
  })
})

/** A client that gives these answers, for those that the stand-in does not give. */
function answering(...pages: Partial<GetMetricDataCommandOutput>[]): CloudWatchClient {
  const left = [...pages]
  return { send: async () => left.shift() ?? {} } as unknown as CloudWatchClient
}
const result = (Id: string, Label: string, changes: Partial<MetricDataResult> = {}): MetricDataResult => ({
  Id,
  Label,
  Timestamps: [new Date(NOON_MS)],
  Values: [7],
  StatusCode: 'Complete',
  ...changes,
})
const whole = (Label: string) => ['started', 'finished', 'errors'].map((id) => result(id, Label))

const ODD = { Code: 'Odd', Value: 'all is odd' }
const FIVE_HUNDRED = Array.from({ length: 500 }, (_, index) => result('started', `s-${index}`))

describe('an answer is refused', () => {
  it.each([
    ['two services of one name, as a monitoring account sees them', 'two series', [...whole('a'), ...whole('a')]],
    ['a result that nobody asked for', '"latency"', [...whole('a'), result('latency', 'a')]],
    ['as many series as a search gives at most', '500 series', FIVE_HUNDRED],
    ['a time without its value', 'no value', [result('started', 'a', { Values: [] })]],
    ['a result with a message', 'Odd: all is odd', [result('started', 'a', { Messages: [ODD] })]],
    ['a result without a status', 'no status', [result('started', 'a', { StatusCode: undefined })]],
  ])('with %s', async (_name, message, MetricDataResults) => {
    const odd = { client: answering({ MetricDataResults }) }
    await expect(read({}, odd)).rejects.toMatchObject({
      code: 'metrics_incomplete',
      message: expect.stringContaining(message),
    })
  })

  it('that says nothing of a service that was named', async () => {
    const MetricDataResults = [result('started0', 'a'), result('finished1', 'a')]
    const odd = { client: answering({ MetricDataResults }), services: ['place-order'] }
    await expect(read({}, odd)).rejects.toMatchObject({
      code: 'metrics_incomplete',
      message: expect.stringContaining('place-order'),
    })
  })

  it('and not for a page with trouble that the next one made good', async () => {
    const [started = result('', ''), ...others] = whole('a')
    const first = { ...started, Timestamps: [], Values: [], StatusCode: 'InternalError' as const }
    const pages = [{ MetricDataResults: [first, ...others], NextToken: 'next' }, { MetricDataResults: [started] }]
    expect(await read({}, { client: answering(...pages) })).toEqual([minute(0, 7, 7, 7)])
  })
})

it.each([
  ['client', { client: {} }],
  ['namespace', { namespace: 'AWS/Lambda' }],
  ['namespace', { namespace: 'it"s' }],
  ['services', { services: [] }],
  ['services', { services: [''] }],
  ['services', { services: ['a', 'a'] }],
  ['requestTimeoutMs', { requestTimeoutMs: -1 }],
])('a wrong option "%s" is refused at set-up: %j', (option, changes) => {
  expect(() => cloudWatchMinutes({ client, ...changes } as CloudWatchMinutesOptions)).toThrow(
    expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(option) }),
  )
})
