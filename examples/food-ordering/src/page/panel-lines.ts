import { DIMENSION_NAMES, METRIC_NAMES } from '@waybill/core'
import type { Panel } from '@waybill/dashboards'
import { percentile } from '../demo/percentile.ts'
import type { Line } from './browser/state.ts'
import type { Dimensions, LiveMetrics } from './live-metrics.ts'

/** The flag that is looked at, and over which seconds. */
export interface View {
  readonly metrics: LiveMetrics
  readonly flag: string
  readonly canary: string
  readonly control: string
  readonly services: readonly string[]
  readonly windowSeconds: number
  /** The last second of the window. */
  readonly atSeconds: number
}

const { service: SERVICE, flag: FLAG, variation: VARIATION, origin: ORIGIN, code: CODE } = DIMENSION_NAMES
const { started, error, latency, affectedUsers, decisions, counts } = METRIC_NAMES

/** What one panel shows at one second, by the expressions of the CloudWatch dashboard. */
export function panelLines(panel: Panel, view: View): readonly Line[] {
  const { service } = panel
  switch (panel.id) {
    case 'error-rate':
      return byVariation(view, error, service, (values) => percentOf(average(values)))
    case 'latency':
      return [50, 95, 99].flatMap((percent) =>
        byVariation(view, latency, service, (values) => percentileOf(values, percent)).map((line) => ({
          ...line,
          detail: `p${percent}`,
        })),
      )
    case 'share': {
      const lines = byVariation(view, started, service, sum)
      const total = lines.reduce((before, { value }) => before + (value ?? 0), 0)
      return lines.map((line) => ({ ...line, value: total === 0 ? null : ((line.value ?? 0) * 100) / total }))
    }
    case 'affected-users':
      return byVariation(view, affectedUsers, service, sum)
    case 'origins':
      return counted(view, decisions, ORIGIN)
    case 'counts':
      return counted(view, counts, CODE)
    case 'unfinished':
      return [view.canary, view.control].map((variation) => ({
        ...(service === undefined ? {} : { service }),
        variation,
        value: unfinished(view, service ?? '', variation),
      }))
    case 'error-difference':
      return view.services.map((each) => ({ service: each, value: difference(view, each) }))
  }
}

/** The values of one metric of a function and variation in the window. */
export function valuesOf(view: View, name: string, service: string, variation: string): readonly number[] {
  return windowed(view, name, { [SERVICE]: service, [FLAG]: view.flag, [VARIATION]: variation })
}

export function average(values: readonly number[]): number | null {
  return values.length === 0 ? null : (sum(values) ?? 0) / values.length
}

export function sum(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0)
}

export function percentileOf(values: readonly number[], percent: number): number | null {
  return values.length === 0 ? null : percentile(values, percent)
}

function byVariation(
  view: View,
  name: string,
  service: string | undefined,
  statistic: (values: readonly number[]) => number | null,
): readonly Line[] {
  const equal = { [FLAG]: view.flag, ...(service === undefined ? {} : { [SERVICE]: service }) }
  return view.metrics.series(name, [SERVICE, FLAG, VARIATION], equal).map((dimensions) => ({
    service: dimensions[SERVICE] ?? '',
    variation: dimensions[VARIATION] ?? '',
    value: statistic(windowed(view, name, dimensions)),
  }))
}

/** All services together, which the dashboard shows one by one. */
function counted(view: View, name: string, by: string): readonly Line[] {
  const totals = new Map<string, number>()
  for (const dimensions of view.metrics.series(name, [SERVICE, by])) {
    const detail = dimensions[by] ?? ''
    totals.set(detail, (totals.get(detail) ?? 0) + (sum(windowed(view, name, dimensions)) ?? 0))
  }
  return [...totals].map(([detail, value]) => ({ detail, value }))
}

function unfinished(view: View, service: string, variation: string): number {
  return (sum(valuesOf(view, started, service, variation)) ?? 0) - valuesOf(view, error, service, variation).length
}

function difference(view: View, service: string): number | null {
  const canary = average(valuesOf(view, error, service, view.canary))
  const control = average(valuesOf(view, error, service, view.control))
  return canary === null || control === null ? null : 100 * (canary - control)
}

function windowed({ metrics, atSeconds, windowSeconds }: View, name: string, dimensions: Dimensions) {
  return metrics.values(name, dimensions, atSeconds - windowSeconds, atSeconds)
}

function percentOf(rate: number | null): number | null {
  return rate === null ? null : rate * 100
}
