import { formatCount } from '../format.ts'
import { type Markup, markup, percentLength } from '../markup.ts'
import type { RouteResult, TimelinePoint } from '../results.ts'

const height = 216
const plot = { top: 30, bottom: 160 }
const lane = { top: 188, height: 22 }

/**
 * Orders per second by variation, with what the operator did and the percentage in the store. Text keeps its size, and
 * sentences stay out of the plot, which only numbers them.
 */
export function timelineChart({ timeline, routing }: RouteResult, maxOrders: number): Markup {
  const y = (orders: number) => plot.bottom - (orders / maxOrders) * (plot.bottom - plot.top)
  const events = timeline.filter(({ event }) => event !== undefined)
  return markup`
    <ol class="events">${events.map(({ second, event }, index) => markup`<li><i>${index + 1}</i>${event} <span>at ${second} s</span></li>`)}</ol>
    <div class="axes"><svg class="timeline" width="100%" height="${height}" role="img" aria-labelledby="timeline-${routing}">
      <title id="timeline-${routing}">Orders per second by variation. ${events.map(({ second, event }) => `${event} at ${second} s`).join(', ')}</title>
      ${ticks(maxOrders).map(
        (tick) => markup`<line class="grid" x1="0" x2="100%" y1="${y(tick)}" y2="${y(tick)}"/>
          <text class="tick" x="-8" y="${y(tick) + 4}" text-anchor="end">${formatCount(tick)}</text>`,
      )}
      ${timeline.map((point, index) => column(point, index, timeline.length, y))}
      ${secondLabels(timeline)}
      ${percentLane(timeline)}
      ${events.map((point, index) => eventMark(timeline.indexOf(point) / timeline.length, index + 1))}
    </svg></div>`
}

/** The largest number of orders in one second of the given runs, so that both can share a scale. */
export function maxOrdersPerSecond(routes: readonly RouteResult[]): number {
  const totals = routes.flatMap(({ timeline }) => timeline.map((point) => point.ordersCanary + point.ordersControl))
  return Math.max(1, ...totals)
}

/** The same numbers as rows, for readers of tables. */
export function timelineTable({ timeline }: RouteResult): Markup {
  return markup`<details><summary>As a table</summary><div class="scroll"><table class="plain">
    <thead><tr><th scope="col">Second</th><th scope="col">Control</th><th scope="col">Canary</th><th scope="col">Store</th><th scope="col">Operator</th></tr></thead>
    <tbody>${timeline.map(
      (point) => markup`<tr><th scope="row">${point.second}</th><td>${formatCount(point.ordersControl)}</td>
        <td>${formatCount(point.ordersCanary)}</td><td>${point.percent} %</td><td>${point.event}</td></tr>`,
    )}</tbody></table></div></details>`
}

function column(point: TimelinePoint, index: number, count: number, y: (orders: number) => number): Markup {
  const { second, ordersCanary, ordersControl } = point
  const x = percentLength(index + 0.08, count)
  const width = percentLength(0.84, count)
  const bar = (variation: string, from: number, to: number) =>
    markup`<rect class="${variation}" x="${x}" width="${width}" y="${y(to)}" height="${y(from) - y(to)}"/>`
  return markup`<g><title>${second} s: ${formatCount(ordersCanary)} canary, ${formatCount(ordersControl)} control</title>
    ${bar('canary', 0, ordersCanary)}${bar('control', ordersCanary, ordersCanary + ordersControl)}</g>`
}

/** One, two or five times a power of ten, so that about `count` of them fit. */
function ticks(max: number, count = 3): readonly number[] {
  const rough = max / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power)
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, index) => index * step)
}

function secondLabels(timeline: readonly TimelinePoint[]): readonly Markup[] {
  const step = ticks(timeline.length, 6)[1] ?? 1
  return timeline
    .filter((_, index) => index % step === 0)
    .map(({ second }, index) => {
      const x = percentLength(index * step, timeline.length)
      return markup`<text class="tick" x="${x}" y="${plot.bottom + 17}">${second} s</text>`
    })
}

function percentLane(timeline: readonly TimelinePoint[]): readonly Markup[] {
  const spans: { percent: number; from: number; to: number }[] = []
  for (const [index, { percent }] of timeline.entries()) {
    const current = spans.at(-1)
    if (current?.percent === percent) current.to = index + 1
    else spans.push({ percent, from: index, to: index + 1 })
  }
  return spans.map(({ percent, from, to }) => {
    const share = (to - from) / timeline.length
    return markup`<g><title>${percent} % in the flag store</title>
      <rect class="lane" x="${percentLength(from, timeline.length)}" width="${percentLength(to - from, timeline.length)}" y="${lane.top}" height="${lane.height}"/>
      <rect class="canary level" x="${percentLength(from, timeline.length)}" width="${percentLength(to - from, timeline.length)}" y="${lane.top + lane.height * (1 - percent / 100)}" height="${(lane.height * percent) / 100}"/>
      ${share < 0.09 ? undefined : markup`<text class="lane-label" x="${percentLength((from + to) / 2, timeline.length)}" y="${lane.top + 15}" text-anchor="middle">${percent} %</text>`}</g>`
  })
}

function eventMark(position: number, number: number): Markup {
  const x = percentLength(position, 1)
  return markup`<g class="event"><line x1="${x}" x2="${x}" y1="20" y2="${plot.bottom}"/>
    <circle cx="${x}" cy="11" r="10"/><text x="${x}" y="15.5" text-anchor="middle">${number}</text></g>`
}
