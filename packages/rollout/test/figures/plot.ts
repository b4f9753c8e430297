import type { CheckedPlan } from '../../src/plan.ts'
import { NO_EVIDENCE, strengthOf, withEvents } from '../../src/sequential.ts'
import { HARMLESS } from '../../src/simulation/index.ts'
import { Population } from '../../src/simulation/population.ts'

const WIDTH = 720
const HEIGHT = 360
const LEFT = 64
const BOTTOM = 48
const MINUTES = 60
const TOP_LOG = 4
const LOW_LOG = -3

/** The judge's evidence over an hour at 10 %: ten harmless canaries, and three bad ones, against the limit. */
export function evidencePlot({ alpha }: CheckedPlan, seed: number): string {
  const harmless = Array.from({ length: 10 }, (_, run) => line(seed + run, 1, 'h'))
  const bad = [2, 5, 20].map((ratio) => line(seed + 100, ratio, 'b', `${ratio}x`))
  const limit = y(Math.log10(1 / alpha))
  const ticks = [-2, 0, 2, 4].map((power) => {
    const label = power === 0 ? '1' : `10${superscript(power)}`
    return `<line class="g" x1="${LEFT}" x2="${WIDTH - 40}" y1="${y(power)}" y2="${y(power)}"/><text x="${LEFT - 8}" y="${y(power) + 4}" text-anchor="end">${label}</text>`
  })
  const minutes = [0, 15, 30, 45, 60].map(
    (minute) => `<text x="${x(minute)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${minute}</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Evidence against a canary over an hour: harmless ones stay below the limit, bad ones cross it">`,
    '<style>text{font:13px system-ui,sans-serif;fill:#57606a}.g{stroke:#8888;stroke-width:.5}.h{fill:none;stroke:#8b949e;stroke-width:1}.b{fill:none;stroke:#d1570c;stroke-width:2}.l{stroke:#cf222e;stroke-dasharray:6 4}.n{fill:#d1570c;font-weight:600}@media(prefers-color-scheme:dark){text{fill:#9da7b3}}</style>',
    ...ticks,
    ...minutes,
    `<text x="${(LEFT + WIDTH - 40) / 2}" y="${HEIGHT - 8}" text-anchor="middle">minutes at 10 % of users, 300 requests a minute</text>`,
    `<text x="${LEFT}" y="16">evidence against the canary</text>`,
    `<line class="l" x1="${LEFT}" x2="${WIDTH - 40}" y1="${limit}" y2="${limit}"/><text x="${WIDTH - 44}" y="${limit + 16}" text-anchor="end">rolled back above ${1 / alpha}</text>`,
    ...harmless,
    ...bad,
    '</svg>\n',
  ].join('\n')
}

function line(seed: number, ratio: number, kind: 'h' | 'b', name = ''): string {
  const share = 0.1
  const population = new Population({ ...HARMLESS, ratio }, seed)
  const errored = new Set<number>()
  let evidence = NO_EVIDENCE
  const points = [`${x(0)},${y(0)}`]
  let end = { x: x(0), y: y(0) }
  for (let minute = 1; minute <= MINUTES; minute += 1) {
    const events = { share, canary: 0, control: 0 }
    for (const { user, bucket, failsCanary, failsControl } of population.minute(minute)) {
      if (!(bucket < share ? failsCanary : failsControl) || errored.has(user)) continue
      errored.add(user)
      events[bucket < share ? 'canary' : 'control'] += 1
    }
    evidence = withEvents(evidence, events)
    const log = Math.log10(strengthOf(evidence))
    end = { x: x(minute), y: y(log) }
    points.push(`${end.x},${end.y}`)
    if (log >= TOP_LOG) break
  }
  const label = name === '' ? '' : `<text class="n" x="${end.x + 5}" y="${Math.max(14, end.y + 4)}">${name}</text>`
  return `<polyline class="${kind}" points="${points.join(' ')}"/>${label}`
}

function x(minute: number): number {
  return Math.round(LEFT + (minute / MINUTES) * (WIDTH - LEFT - 40))
}

function y(log: number): number {
  const held = Math.min(TOP_LOG, Math.max(LOW_LOG, log))
  return Math.round(24 + ((TOP_LOG - held) / (TOP_LOG - LOW_LOG)) * (HEIGHT - BOTTOM - 24))
}

function superscript(power: number): string {
  return [...String(power)].map((digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴'[Number(digit)])).join('')
}
