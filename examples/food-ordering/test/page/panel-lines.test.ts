import { OVERVIEW, type Panel, type PanelId, servicePanels } from '@waybill/dashboards'
import { expect, test } from 'vitest'
import { functionNumbers, trafficOf, verdictsOf } from '../../src/page/function-numbers.ts'
import { type LiveMetrics, liveMetrics } from '../../src/page/live-metrics.ts'
import { panelLines, type View } from '../../src/page/panel-lines.ts'
import { emfLine } from './emf.ts'

const viewOf = (metrics: LiveMetrics, atSeconds = 10): View => ({
  metrics,
  flag: 'f',
  canary: 'canary',
  control: 'control',
  services: ['loyalty', 'notify-user'],
  windowSeconds: 10,
  atSeconds,
})

function metricsOf(...lines: readonly string[]): LiveMetrics {
  const metrics = liveMetrics(60)
  for (const line of lines) metrics.add(line)
  return metrics
}

const of = (service: string, variation: string) => ({ service, flag: 'f', variation })

function panel(id: PanelId, service?: string): Panel {
  const found = (service === undefined ? OVERVIEW : servicePanels(service)).find((one) => one.id === id)
  if (found === undefined) throw new Error(`no panel ${id}`)
  return found
}

test('each panel of the dashboard can be drawn of nothing', () => {
  const view = viewOf(metricsOf())
  const drawn = [...OVERVIEW, ...servicePanels('loyalty')].map((one) => [one.id, panelLines(one, view)] as const)
  expect(
    drawn.filter(([id]) => id !== 'unfinished' && id !== 'error-difference').flatMap(([, lines]) => lines),
  ).toEqual([])
})

test('the error rate is the average of the attempts that finished in the window', () => {
  const view = viewOf(
    metricsOf(
      emfLine(0, of('loyalty', 'canary'), { Error: 1 }),
      emfLine(1, of('loyalty', 'canary'), { Error: [1, 0, 0] }),
      emfLine(10, of('loyalty', 'canary'), { Error: 0 }),
      emfLine(11, of('loyalty', 'canary'), { Error: 1 }),
      emfLine(5, of('loyalty', 'control'), { Error: 0 }),
      emfLine(5, { ...of('loyalty', 'canary'), flag: 'another' }, { Error: 1 }),
    ),
  )
  const lines = [
    { service: 'loyalty', variation: 'canary', value: 25 },
    { service: 'loyalty', variation: 'control', value: 0 },
  ]
  expect(panelLines(panel('error-rate'), view)).toEqual(lines)
  expect(panelLines(panel('error-rate', 'loyalty'), view)).toEqual(lines)
  expect(panelLines(panel('error-rate', 'notify-user'), view)).toEqual([])
  expect(panelLines(panel('error-difference'), view)).toEqual([
    { service: 'loyalty', value: 25 },
    { service: 'notify-user', value: null },
  ])
})

test('a series without values in the window has none, instead of a zero', () => {
  const view = viewOf(metricsOf(emfLine(0, of('loyalty', 'canary'), { Error: 1, Latency: 9 })))
  expect(panelLines(panel('error-rate'), view)).toMatchObject([{ value: null }])
  expect(panelLines(panel('latency', 'loyalty'), view)).toMatchObject([
    { value: null },
    { value: null },
    { value: null },
  ])
})

test('what was started and did not finish shows as such, also where nothing at all finished', () => {
  const view = viewOf(
    metricsOf(
      emfLine(3, of('loyalty', 'canary'), { Started: 4 }),
      emfLine(3, of('loyalty', 'control'), { Started: 2 }),
      emfLine(4, of('loyalty', 'control'), { Error: [0, 0] }),
    ),
  )
  expect(panelLines(panel('unfinished', 'loyalty'), view)).toEqual([
    { service: 'loyalty', variation: 'canary', value: 4 },
    { service: 'loyalty', variation: 'control', value: 0 },
  ])
  expect(panelLines(panel('share', 'loyalty'), view).map(({ value }) => value)).toEqual([
    expect.closeTo(66.67, 1),
    expect.closeTo(33.33, 1),
  ])
})

test('latency has three percentiles by variation', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  const view = viewOf(metricsOf(emfLine(3, of('loyalty', 'canary'), { Latency: hundred })))
  expect(panelLines(panel('latency', 'loyalty'), view)).toEqual(
    [50, 95, 99].map((percent) => ({
      service: 'loyalty',
      variation: 'canary',
      detail: `p${percent}`,
      value: percent,
    })),
  )
})

test('origins and counts of all functions are summed up, affected users are not', () => {
  const view = viewOf(
    metricsOf(
      emfLine(3, { service: 'loyalty', origin: 'propagated' }, { Decisions: 3 }),
      emfLine(4, { service: 'notify-user', origin: 'propagated' }, { Decisions: 2 }),
      emfLine(4, { service: 'notify-user', code: 'bad_token' }, { Counts: 1 }),
      emfLine(4, of('notify-user', 'canary'), { AffectedUsers: 1 }),
    ),
  )
  expect(panelLines(panel('origins'), view)).toEqual([{ detail: 'propagated', value: 5 }])
  expect(panelLines(panel('counts'), view)).toEqual([{ detail: 'bad_token', value: 1 }])
  expect(panelLines(panel('affected-users'), view)).toEqual([{ service: 'notify-user', variation: 'canary', value: 1 }])
})

test('lines that CloudWatch would refuse are counted, and old seconds forgotten', () => {
  const metrics = metricsOf(
    '{"_aws":{"Timestamp":1}}',
    'plain text',
    emfLine(1, of('loyalty', 'canary'), { Started: 1 }),
    emfLine(70, of('loyalty', 'canary'), { Started: 1 }),
  )
  expect(metrics.malformedLines()).toBe(1)
  expect(metrics.values('Started', of('loyalty', 'canary'), 0, 100)).toEqual([1])
})

test('the traffic is that of one second', () => {
  const metrics = metricsOf(
    emfLine(9, of('loyalty', 'canary'), { Started: 7 }),
    emfLine(10, of('loyalty', 'canary'), { Started: 2 }),
    emfLine(10, of('loyalty', 'canary'), { Error: [1, 0] }),
  )
  expect(trafficOf(viewOf(metrics))).toEqual([{ service: 'loyalty', variation: 'canary', started: 2, errors: 1 }])
})

const TEN_WELL = { Started: 10, Error: Array(10).fill(0), Latency: Array(10).fill(20) } as const

test.each([
  ['as well as control', TEN_WELL, []],
  ['with errors', { ...TEN_WELL, Error: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0] }, ['fails']],
  ['slowly', { ...TEN_WELL, Latency: Array(10).fill(300) }, ['slow']],
  ['to its death', { Started: 10, Error: [0, 0, 0], Latency: [20, 20, 20] }, ['unfinished']],
  ['with errors, but hardly at all', { Started: 3, Error: [1, 1, 1], Latency: [20, 20, 20] }, []],
] as const)('a canary that runs %s is judged', (_, canary, kinds) => {
  const metrics = metricsOf(emfLine(5, of('loyalty', 'control'), TEN_WELL), emfLine(5, of('loyalty', 'canary'), canary))
  const verdicts = verdictsOf(functionNumbers(viewOf(metrics)), 'canary')
  expect(verdicts.map(({ kind }) => kind)).toEqual(kinds)
  expect(verdicts.every(({ service, words }) => service === 'loyalty' && words.startsWith('loyalty: the canary'))).toBe(
    true,
  )
})

test('what is still under way is not held against the canary', () => {
  const metrics = metricsOf(
    emfLine(3, of('loyalty', 'canary'), { Started: 6, Error: [0, 0, 0, 0, 0, 0] }),
    emfLine(9, of('loyalty', 'canary'), { Started: 6 }),
  )
  expect(verdictsOf(functionNumbers(viewOf(metrics)), 'canary')).toEqual([])
  expect(verdictsOf(functionNumbers(viewOf(metrics, 13)), 'canary')).toMatchObject([{ kind: 'unfinished' }])
})

test('an incident that moves both is not held against the canary', () => {
  const bad = { Started: 10, Error: [1, 1, 1, 1, 1, 0, 0, 0, 0, 0], Latency: Array(10).fill(900) }
  const metrics = metricsOf(emfLine(5, of('loyalty', 'control'), bad), emfLine(5, of('loyalty', 'canary'), bad))
  expect(verdictsOf(functionNumbers(viewOf(metrics)), 'canary')).toEqual([])
})
