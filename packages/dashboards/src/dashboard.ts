import { DIMENSION_NAMES } from '@waybill/core'
import { type CheckedScope, checkedScope, type MetricsScope, type RolloutFlag } from './options.ts'
import { OVERVIEW, type Panel, servicePanels } from './panels.ts'
import { type MetricEntry, metricsOf, searchForNames } from './queries.ts'

export interface DashboardOptions extends MetricsScope {
  /** The region of the metrics, which CloudWatch wants in each widget. */
  readonly region: string
  /** ARNs of alarms whose state is shown; at most 100. */
  readonly alarmArns?: readonly string[]
}

/** A dashboard's body: `PutDashboard` takes it as JSON text. */
export interface DashboardBody {
  readonly start: string
  readonly periodOverride: 'inherit'
  readonly variables: readonly DashboardVariable[]
  readonly widgets: readonly Widget[]
}

export interface DashboardVariable {
  readonly type: 'pattern'
  readonly pattern: string
  readonly inputType: 'select'
  readonly id: string
  readonly label: string
  readonly defaultValue: string
  readonly visible: true
  readonly search: string
  readonly populateFrom: string
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export type Widget = Place &
  (
    | { readonly type: 'text'; readonly properties: { readonly markdown: string } }
    | { readonly type: 'alarm'; readonly properties: { readonly title: string; readonly alarms: readonly string[] } }
    | { readonly type: 'metric'; readonly properties: MetricProperties }
  )

export interface MetricProperties {
  readonly title: string
  readonly view: 'timeSeries'
  readonly stacked: boolean
  readonly region: string
  readonly period: number
  readonly metrics: readonly MetricEntry[]
  readonly yAxis: { readonly left: { readonly label: string; readonly showUnits: false; readonly min?: number } }
}

/**
 * What stands in a body for the flag and its variations, until the drop-downs say which: no text that a metric, a title
 * or an expression would have by chance.
 */
export const PLACEHOLDERS: RolloutFlag = { flag: 'WaybillFlag', canary: 'WaybillCanary', control: 'WaybillControl' }

const UNITS = { percent: '%', milliseconds: 'ms', count: 'count' } as const

/**
 * Builds the dashboard: drop-downs for the flag and the two variations, charts of all services together, then a row for
 * each service. Pure: nothing is sent. The structure is that of
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html, which holds
 * 500 widgets: enough for 98 services. Throws `bad_option`.
 *
 * @example
 * ```ts
 * const body = dashboardBody({
 *   region: 'eu-west-1',
 *   services: ['place-order', 'notify-restaurant'],
 *   flags: [{ flag: 'new-order-flow', canary: 'canary', control: 'control' }],
 * })
 * body.variables.map(({ id, defaultValue }) => `${id}=${defaultValue}`).join() // 'flag=new-order-flow,canary=canary,control=control'
 * ```
 */
export function dashboardBody(options: DashboardOptions): DashboardBody {
  const scope = checkedScope('dashboardBody', options)
  const { region, alarmArns = [] } = options
  const rows: Row[] = [{ height: 2, cells: [heading] }]
  const overview = OVERVIEW.map(
    (panel): Cell =>
      (place) =>
        chart(panel, scope, region, place),
  )
  rows.push({ height: 7, cells: overview.slice(0, 3) })
  rows.push({ height: 7, cells: [...overview.slice(3), ...(alarmArns.length > 0 ? [alarms(alarmArns)] : [])] })
  for (const service of scope.services) {
    rows.push({ height: 1, cells: [text(`### ${service}`)] })
    rows.push({
      height: 6,
      cells: servicePanels(service).map(
        (panel): Cell =>
          (place) =>
            chart(panel, scope, region, place),
      ),
    })
  }
  return { start: '-PT3H', periodOverride: 'inherit', variables: variablesOf(scope), widgets: laidOut(rows) }
}

/** A body for one choice in the drop-downs: what CloudWatch shows then. */
export function withChoice(body: DashboardBody, choice: RolloutFlag): DashboardBody {
  let json = JSON.stringify({ ...body, variables: [] })
  for (const id of ['flag', 'canary', 'control'] as const) json = json.replaceAll(PLACEHOLDERS[id], choice[id])
  return { ...(JSON.parse(json) as DashboardBody), variables: body.variables }
}

type Cell = (place: Place) => Widget
interface Row {
  readonly height: number
  readonly cells: readonly Cell[]
}

/** Rows of equal cells on the grid of 24 columns. */
function laidOut(rows: readonly Row[]): readonly Widget[] {
  const widgets: Widget[] = []
  let y = 0
  for (const { height, cells } of rows) {
    const width = Math.floor(24 / cells.length)
    for (const [index, cell] of cells.entries()) widgets.push(cell({ x: index * width, y, width, height }))
    y += height
  }
  return widgets
}

function chart(panel: Panel, scope: CheckedScope, region: string, place: Place): Widget {
  const { id, title, unit } = panel
  const axis = { label: UNITS[unit], showUnits: false } as const
  return {
    ...place,
    type: 'metric',
    properties: {
      title,
      view: 'timeSeries',
      stacked: id === 'share' || id === 'affected-users',
      region,
      period: scope.periodSeconds,
      metrics: metricsOf(panel, scope, PLACEHOLDERS),
      yAxis: { left: id === 'error-difference' ? axis : { ...axis, min: 0 } },
    },
  }
}

function text(markdown: string): Cell {
  return (place) => ({ ...place, type: 'text', properties: { markdown } })
}

const heading: Cell = text(
  [
    `## ${PLACEHOLDERS.flag}: ${PLACEHOLDERS.canary} against ${PLACEHOLDERS.control}`,
    OVERVIEW.map(({ title, hint }) => `**${title}**: ${hint}`).join(' '),
  ].join('\n'),
)

function alarms(arns: readonly string[]): Cell {
  return (place) => ({ ...place, type: 'alarm', properties: { title: 'Alarms', alarms: arns } })
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_dashboard_variables.html: at most 25. */
function variablesOf(scope: CheckedScope): readonly DashboardVariable[] {
  const variable = (id: keyof RolloutFlag, label: string, populateFrom: string): DashboardVariable => ({
    type: 'pattern',
    pattern: PLACEHOLDERS[id],
    inputType: 'select',
    id,
    label,
    defaultValue: scope.first[id],
    visible: true,
    search: searchForNames(scope),
    populateFrom,
  })
  return [
    variable('flag', 'Flag', DIMENSION_NAMES.flag),
    variable('canary', 'Canary', DIMENSION_NAMES.variation),
    variable('control', 'Control', DIMENSION_NAMES.variation),
  ]
}
