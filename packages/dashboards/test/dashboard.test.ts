import { isWaybillError, METRIC_NAMES } from '@waybill/core'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { type DashboardBody, dashboardBody, PLACEHOLDERS, type Widget, withChoice } from '../src/dashboard.ts'
import { OVERVIEW, servicePanels } from '../src/panels.ts'
import { DASHBOARD_SCHEMA } from './dashboard-schema.ts'

const flags = [
  { flag: 'new-order-flow', canary: 'canary', control: 'control' },
  { flag: 'cheap-quotes', canary: 'on', control: 'off' },
]
const region = 'eu-west-1'
const alarmArns = ['arn:aws:cloudwatch:eu-west-1:111122223333:alarm:waybill-any-variation']
const servicesOf = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `service-${n}`)

const validate = new Ajv({ allowUnionTypes: true }).compile(DASHBOARD_SCHEMA)
const faults = (body: unknown): unknown => (validate(body) ? [] : validate.errors)

type Chart = Extract<Widget, { type: 'metric' }>
const charts = ({ widgets }: DashboardBody): readonly Chart[] => widgets.filter((one) => one.type === 'metric')
/** All series of a chart: what it computes, and what it takes by name. */
const renderings = ({ properties }: Chart) =>
  properties.metrics.map((entry) => entry.at(-1) as { id: string; expression?: string; visible?: boolean })

describe('a dashboard body', () => {
  it.each([1, 3, 98])('has the documented structure with %i services', (count) => {
    expect(faults(dashboardBody({ region, services: servicesOf(count), flags, alarmArns }))).toEqual([])
  })

  it('searches for a service with parentheses as CloudWatch wants it written', () => {
    const searches = charts(dashboardBody({ region, services: ['a(b)'], flags }))
      .flatMap(renderings)
      .flatMap(({ expression }) => expression ?? [])
      .filter((expression) => expression.includes('service='))
    expect(searches.length).toBeGreaterThan(0)
    for (const search of searches) expect(search).toContain('service="a\\(b\\)"')
  })

  it('is refused by that structure when a widget is misspelt', () => {
    const body = dashboardBody({ region, services: ['a'], flags })
    const [first, ...rest] = body.widgets
    expect(faults({ ...body, widgets: [{ ...first, hight: 3 }, ...rest] })).not.toEqual([])
  })

  it('lays its widgets out on 24 columns without overlap', () => {
    const { widgets } = dashboardBody({ region, services: servicesOf(4), flags, alarmArns })
    const taken = new Set<string>()
    for (const { x, y, width, height } of widgets) {
      expect(x + width).toBeLessThanOrEqual(24)
      for (let column = x; column < x + width; column += 1) {
        for (let row = y; row < y + height; row += 1) {
          expect(taken).not.toContain(`${column},${row}`)
          taken.add(`${column},${row}`)
        }
      }
    }
  })

  it('shows every panel of the overview, and every panel of each service', () => {
    const titles = charts(dashboardBody({ region, services: ['a', 'b'], flags })).map((one) => one.properties.title)
    const ofServices = ['a', 'b'].flatMap((service) => servicePanels(service).map(({ title }) => title))
    expect(titles).toEqual([...OVERVIEW.map(({ title }) => title), ...ofServices])
  })

  it('computes with series that are in the same chart, each under a name of its own', () => {
    for (const chart of charts(dashboardBody({ region, services: servicesOf(3), flags }))) {
      const ids = renderings(chart).map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      for (const { expression = '' } of renderings(chart)) {
        const used = expression.replaceAll(/'[^']*'/g, '').match(/\b[a-z]+\d+\b/g) ?? []
        for (const id of used) expect(ids).toContain(id)
      }
      expect(renderings(chart).some(({ visible }) => visible !== false)).toBe(true)
    }
  })

  it('takes its metrics only by the names that emitters have', () => {
    const text = JSON.stringify(dashboardBody({ region, services: ['a'], flags }).widgets)
    const named = [...text.matchAll(/MetricName=\\\\?"(\w+)/g), ...text.matchAll(/\["FeatureFlags","(\w+)"/g)]
    const names = new Set(named.map(([, name]) => name))
    expect([...names].sort()).toEqual(Object.values(METRIC_NAMES).sort())
  })

  it('opens on the first flag, and fills its drop-downs with what was measured', () => {
    const { variables } = dashboardBody({ region, services: ['a'], flags, namespace: 'FeatureFlags/prod' })
    expect(variables.map(({ id, defaultValue, populateFrom }) => [id, defaultValue, populateFrom])).toEqual([
      ['flag', 'new-order-flow', 'flag'],
      ['canary', 'canary', 'variation'],
      ['control', 'control', 'variation'],
    ])
    expect(variables[0]?.search).toBe('{FeatureFlags/prod,flag,service,variation} MetricName="Started"')
  })

  it('quotes a namespace that a search would not read', () => {
    const { variables } = dashboardBody({ region, services: ['a'], flags, namespace: 'Feature Flags' })
    expect(variables[0]?.search).toMatch(/^\{"Feature Flags",/)
  })

  it('names neither a flag nor a variation outside its drop-downs', () => {
    const { widgets } = dashboardBody({ region, services: ['a'], flags })
    const text = JSON.stringify(widgets)
    for (const name of ['new-order-flow', 'cheap-quotes', '"canary"', '"control"']) expect(text).not.toContain(name)
    for (const place of Object.values(PLACEHOLDERS)) expect(text).toContain(place)
  })

  it('shows the choice of a drop-down', () => {
    const choice = { flag: 'cheap-quotes', canary: 'on', control: 'off' }
    const body = withChoice(dashboardBody({ region, services: ['a'], flags }), choice)
    const text = JSON.stringify(body.widgets)
    for (const place of Object.values(PLACEHOLDERS)) expect(text).not.toContain(place)
    expect(text).toContain('flag=\\"cheap-quotes\\"')
    expect(text).toContain('"variation","on"')
  })

  it('has no alarm widget without alarms', () => {
    const { widgets } = dashboardBody({ region, services: ['a'], flags })
    expect(widgets.filter(({ type }) => type === 'alarm')).toEqual([])
  })
})

describe('options that CloudWatch would not take', () => {
  const good = { region, services: ['a'], flags }
  it.each([
    ['no service', { ...good, services: [] }, 'services'],
    ['no flag', { ...good, flags: [] }, 'flags'],
    ['a quote in a service', { ...good, services: ['a"b'] }, 'services'],
    ['a flag that is not ASCII', { ...good, flags: [{ flag: 'grün', canary: 'a', control: 'b' }] }, 'flags'],
    ['one variation against itself', { ...good, flags: [{ flag: 'f', canary: 'a', control: 'a' }] }, 'flags'],
    ["AWS's own namespace", { ...good, namespace: 'AWS/Lambda' }, 'namespace'],
    ['a period of 45 seconds', { ...good, periodSeconds: 45 }, 'periodSeconds'],
  ])('are refused by name: %s', (_, options, option) => {
    let thrown: unknown
    try {
      dashboardBody(options)
    } catch (error) {
      thrown = error
    }
    expect(isWaybillError(thrown) && thrown.code).toBe('bad_option')
    expect(String(thrown)).toContain(`"${option}"`)
  })
})
