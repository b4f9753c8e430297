import type { Panel } from '@waybill/dashboards'
import { type Chart, type ChartLine, chartIn } from './chart.ts'
import { element, setText } from './element.ts'
import { formatValue } from './format.ts'
import { type Frame, type Line, panelKey, type Welcome } from './state.ts'

/** The panels of the CloudWatch dashboard: those of all functions, and a fold for each function. */
export interface Dashboard {
  add(frame: Frame): void
}

interface Place {
  readonly panel: Panel
  readonly key: string
  readonly now: HTMLElement
  readonly chart: Chart
  readonly isOpen: () => boolean
}

/** Shown open: where the bugs of the page show first. */
const OPEN = 'notify-user'

export function showDashboard(
  overview: HTMLElement,
  services: HTMLElement,
  welcome: Welcome,
  signal: AbortSignal,
): Dashboard {
  const { keptSeconds, canary, control } = welcome
  const frames: Frame[] = [...welcome.history]
  const places: Place[] = []
  const panelIn = (panel: Panel, isOpen: () => boolean): HTMLElement => {
    const now = element('p', { class: 'now' })
    const plot = element('div', { class: 'plot', 'aria-hidden': 'true' })
    const chart = chartIn(plot, { panel, canary, control, keptSeconds, signal })
    places.push({ panel, key: panelKey(panel), now, chart, isOpen })
    return element(
      'article',
      { class: 'card panel', 'data-panel': panelKey(panel) },
      element('h3', {}, panel.title),
      element('p', { class: 'hint' }, panel.hint),
      now,
      plot,
    )
  }
  const draw = (only: (place: Place) => boolean = () => true): void => {
    const seconds = frames.map(({ atSeconds }) => atSeconds)
    for (const place of places) {
      if (!place.isOpen() || !only(place)) continue
      setText(place.now, nowOf(place.panel, frames.at(-1)?.panels[place.key] ?? []))
      place.chart.draw(seconds, linesOf(frames, place.key))
    }
  }

  overview.replaceChildren(...welcome.overview.map((panel) => panelIn(panel, () => true)))
  services.replaceChildren(
    ...welcome.services.map((service) => {
      const fold = element('details', { class: 'service' }, element('summary', {}, service))
      fold.open = service === OPEN
      const panels = welcome.servicePanels[service] ?? []
      fold.append(element('div', { class: 'charts' }, ...panels.map((panel) => panelIn(panel, () => fold.open))))
      fold.addEventListener('toggle', () => draw(({ panel }) => panel.service === service))
      return fold
    }),
  )
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => draw(), { signal })

  return {
    add: (frame) => {
      frames.push(frame)
      if (frames.length > keptSeconds) frames.splice(0, frames.length - keptSeconds)
      if (!document.hidden) draw()
    },
  }
}

/** Columns of the rows: one line for each name that any second has. */
function linesOf(frames: readonly Frame[], key: string): readonly ChartLine[] {
  const lines = new Map<string, ChartLine & { readonly values: (number | null)[] }>()
  for (const [index, frame] of frames.entries()) {
    for (const { value, ...names } of frame.panels[key] ?? []) {
      const label = labelOf(names)
      let line = lines.get(label)
      if (line === undefined) {
        line = { ...names, label, values: new Array<number | null>(frames.length).fill(null) }
        lines.set(label, line)
      }
      line.values[index] = value
    }
  }
  return [...lines.values()]
}

/** The last values in words: of several functions the one that stands out most. */
function nowOf({ unit, service: only, id }: Panel, lines: readonly Line[]): string {
  if (id === 'counts' && lines.every(({ value }) => !value)) return 'Nothing.'
  if (lines.length === 0) return 'No data: no function has sent this metric.'
  if (id === 'latency') return latencies(lines)
  const groups = Map.groupBy(lines, ({ variation, detail }) => variation ?? detail ?? 'largest')
  return [...groups]
    .map(([name, group]) => {
      const top = group.reduce((most, line) => (Math.abs(line.value ?? 0) > Math.abs(most.value ?? 0) ? line : most))
      const where = only === undefined && top.service !== undefined && top.value ? ` (${top.service})` : ''
      return `${name} ${formatValue(top.value, unit)}${where}`
    })
    .join(' · ')
}

function latencies(lines: readonly Line[]): string {
  return [...Map.groupBy(lines, ({ variation = '' }) => variation)]
    .map(([variation, all]) => `${variation} ${all.map(({ value }) => formatValue(value, 'milliseconds')).join(' / ')}`)
    .join(' · ')
}

function labelOf({ service, variation, detail }: Omit<Line, 'value'>): string {
  return [service, variation, detail].filter((part) => part !== undefined).join(' ')
}
