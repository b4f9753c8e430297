import uPlot from 'uplot'
import { coloursOf, lookOf } from './chart-look.ts'
import { element } from './element.ts'
import type { RolloutEvidence } from './rollout-state.ts'

/** Each guardrail has its own limit, so what is drawn is how much of it there is; evidence grows by factors: a log scale. */
const LEAST = 0.001
const MOST = 100
const HEIGHT_PX = 190
const LEAST_MINUTES = 10
const TICKS: Readonly<Record<number, string>> = {
  0.001: '0.1 %',
  0.01: '1 %',
  0.1: '10 %',
  1: 'limit',
  10: '× 10',
  100: '× 100',
}

/** Dashed where a count is held against a limit, in one line where it is evidence. */
const LINES: readonly {
  readonly about: string
  readonly label: string
  readonly colour: string
  readonly dash: number[]
}[] = [
  { about: 'errored-users', label: 'errors', colour: '--canary', dash: [] },
  { about: 'slow-users', label: 'slowness', colour: '--line-3', dash: [] },
  { about: 'error-rate', label: 'bad minutes', colour: '--line-2', dash: [6, 3] },
  { about: 'unfinished', label: 'never finished', colour: '--line-5', dash: [2, 3] },
]

/** Draws the judge's evidence minute by minute, against the limit. */
export function evidenceChart(place: HTMLElement, key: HTMLElement): (evidence: readonly RolloutEvidence[]) => void {
  let plot: uPlot | undefined
  let shown: readonly RolloutEvidence[] = []

  const draw = (): void => {
    if (shown.length === 0 || place.clientWidth === 0) return
    const data = dataOf(shown)
    if (plot === undefined) plot = make(place, data)
    else plot.setData(data)
  }
  const again = (): void => {
    plot?.destroy()
    plot = undefined
    key.replaceChildren(...keyOf(place))
    draw()
  }
  new ResizeObserver(() => {
    if (plot === undefined) draw()
    else if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: HEIGHT_PX })
  }).observe(place)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again)
  again()

  return (evidence) => {
    shown = evidence
    if (!document.hidden) draw()
  }
}

function dataOf(evidence: readonly RolloutEvidence[]): uPlot.AlignedData {
  const within = (share: number | undefined): number | null =>
    share === undefined ? null : Math.min(MOST, Math.max(LEAST, share))
  return [
    evidence.map(({ minute }) => minute),
    evidence.map(() => 1),
    ...LINES.map(({ about }) => evidence.map(({ shares }) => within(shares[about]))),
  ]
}

function make(place: HTMLElement, data: uPlot.AlignedData): uPlot {
  const { colour, axis, frame } = lookOf(place, HEIGHT_PX)
  return new uPlot(
    {
      ...frame,
      scales: {
        x: { time: false, range: (_plot, _min, max) => [0, Math.max(max, LEAST_MINUTES)] },
        y: { distr: 3, log: 10, range: [LEAST, MOST] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          incrs: [1, 2, 5, 10, 20, 50],
          values: (_plot, ticks) => ticks.map((tick) => `min ${tick}`),
        },
        {
          ...axis,
          size: 56,
          splits: () => Object.keys(TICKS).map(Number),
          // Not the thinning out of logarithmic scales.
          filter: (_plot, splits) => splits,
          values: (_plot, ticks) => ticks.map((tick) => TICKS[tick] ?? ''),
        },
      ],
      series: [
        {},
        { stroke: colour('--bad'), width: 2, dash: [8, 4], points: { show: false } },
        ...LINES.map((line): uPlot.Series => {
          const stroke = colour(line.colour)
          return { stroke, width: line.dash.length === 0 ? 2.5 : 1.5, dash: line.dash, points: { show: false } }
        }),
      ],
    },
    data,
    place,
  )
}

function keyOf(place: HTMLElement): readonly (Node | string)[] {
  const colour = coloursOf(place)
  return [{ label: 'limit', colour: '--bad', dash: [8] }, ...LINES].flatMap((one) => {
    const line = element('span', { class: 'line' })
    // No style attribute: the page's policy allows none.
    line.style.borderColor = colour(one.colour)
    line.style.borderTopStyle = one.dash.length === 0 ? 'solid' : 'dashed'
    return [line, one.label]
  })
}
