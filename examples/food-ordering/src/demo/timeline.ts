import type { TimelinePoint } from './results.ts'
import type { Row } from './rows.ts'
import type { Intervention } from './script.ts'

/** The run second by second, from the orders that the edge placed and what the operator did meanwhile. */
export function timelineOf(
  orders: readonly Row[],
  interventions: readonly Intervention[],
  start: { readonly atMs: number; readonly percent: number },
): readonly TimelinePoint[] {
  const secondOf = (atMs: number): number => Math.max(0, Math.floor((atMs - start.atMs) / 1000))
  const last = Math.max(0, ...[...orders, ...interventions].map(({ atMs }) => secondOf(atMs)))
  const points = Array.from({ length: last + 1 }, () => ({ ordersControl: 0, ordersCanary: 0 }))
  for (const { atMs, variation } of orders) {
    const point = points[secondOf(atMs)]
    if (point !== undefined) point[variation === 'canary' ? 'ordersCanary' : 'ordersControl'] += 1
  }
  return points.map((counts, second) => {
    const sofar = interventions.filter(({ atMs }) => secondOf(atMs) <= second)
    const now = sofar.filter(({ atMs }) => secondOf(atMs) === second)
    const percent = sofar.at(-1)?.percent ?? start.percent
    return {
      second,
      ...counts,
      percent,
      ...(now.length === 0 ? {} : { event: now.map(({ what }) => what).join(', ') }),
    }
  })
}
