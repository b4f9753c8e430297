import type { Panel } from '@waybill/dashboards'
import uPlot from 'uplot'
import { lookOf } from './chart-look.ts'
import { formatValue } from './format.ts'
import type { Line } from './state.ts'

/** A chart of one panel, in a size that its place gives it. */
export interface Chart {
  /** Values by line, one for each second. */
  draw(seconds: readonly number[], lines: readonly ChartLine[]): void
}

export interface ChartLine extends Omit<Line, 'value'> {
  readonly label: string
  readonly values: readonly (number | null)[]
}

const HEIGHT_PX = 150
const WHOLE_STEPS = [1, 10, 100, 1_000, 10_000].flatMap((power) => [power, 2 * power, 5 * power])
const DASHES: Readonly<Record<string, number[]>> = { p50: [2, 3], p95: [6, 3] }

export interface ChartOptions {
  readonly panel: Panel
  readonly canary: string
  readonly control: string
  readonly keptSeconds: number
  /** Until then the chart follows the size of its place and the colour scheme. */
  readonly signal: AbortSignal
}

export function chartIn(place: HTMLElement, { panel, canary, control, keptSeconds, signal }: ChartOptions): Chart {
  const { unit, id } = panel
  let plot: uPlot | undefined
  let drawn = ''

  const make = (lines: readonly ChartLine[], data: uPlot.AlignedData): uPlot => {
    const { colour, axis, frame } = lookOf(place, HEIGHT_PX)
    // A rate of 0.1 % is no mountain: the scale of percentages never shrinks below 5.
    const least = unit === 'percent' ? 5 : unit === 'milliseconds' ? 50 : 4
    return new uPlot(
      {
        ...frame,
        scales: {
          x: { time: false, range: [1 - keptSeconds, 0] },
          y: { range: (_plot, min, max) => rangeOf(min, max, least, id === 'error-difference') },
        },
        axes: [
          { ...axis, size: 22, space: 60, values: (_plot, ticks) => ticks.map(agoOf) },
          {
            ...axis,
            size: unit === 'milliseconds' ? 58 : 50,
            space: 28,
            // Nobody is affected by halves.
            ...(unit === 'count' ? { incrs: WHOLE_STEPS } : {}),
            values: (_plot, ticks) => ticks.map((tick) => tickOf(tick, unit)),
          },
        ],
        series: [
          {},
          ...lines.map(
            ({ variation, detail }, index): uPlot.Series => ({
              stroke: colour(
                variation === canary ? '--canary' : variation === control ? '--control' : `--line-${(index % 6) + 1}`,
              ),
              width: variation === canary ? 2 : 1.5,
              dash: DASHES[detail ?? ''] ?? [],
              points: { show: false },
              spanGaps: false,
            }),
          ),
        ],
      },
      data,
      place,
    )
  }

  const again = new ResizeObserver(() => {
    if (plot !== undefined && place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: HEIGHT_PX })
  })
  again.observe(place)
  const forget = (): void => {
    drawn = ''
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', forget, { signal })
  signal.addEventListener('abort', () => {
    again.disconnect()
    plot?.destroy()
  })

  return {
    draw: (seconds, lines) => {
      place.hidden = lines.length === 0
      if (place.clientWidth === 0) return
      const last = seconds.at(-1) ?? 0
      const data = [
        seconds.map((second) => second - last),
        ...lines.map(({ values }) => [...values]),
      ] as uPlot.AlignedData
      const names = lines.map(({ label }) => label).join('\n')
      if (plot !== undefined && names === drawn) {
        plot.setData(data)
        return
      }
      plot?.destroy()
      plot = make(lines, data)
      drawn = names
    },
  }
}

function rangeOf(min: number | null, max: number | null, least: number, bothWays: boolean): [number, number] {
  const top = Math.max(least, (max ?? 0) * 1.1)
  return [bothWays ? Math.min(-least, (min ?? 0) * 1.1) : 0, top]
}

function agoOf(seconds: number): string {
  return seconds === 0 ? 'now' : `${seconds} s`
}

function tickOf(tick: number, unit: Panel['unit']): string {
  return unit === 'percent' ? `${tick} %` : formatValue(tick, unit)
}
