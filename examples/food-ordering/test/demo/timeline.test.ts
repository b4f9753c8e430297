import { describe, expect, it } from 'vitest'
import type { Row } from '../../src/demo/rows.ts'
import { timelineOf } from '../../src/demo/timeline.ts'

const placed = (atMs: number, variation: string): Row => ({
  orderId: String(atMs),
  row: 'order',
  userId: 'ada',
  variation,
  flagVersion: 1,
  origin: 'evaluated',
  atMs,
})

describe('the timeline', () => {
  it('counts orders by second, and keeps the percentage from one second to the next', () => {
    const orders = [placed(10_000, 'control'), placed(10_999, 'canary'), placed(12_500, 'canary')]
    const raised = { atMs: 11_200, percent: 50, what: 'raised to 50 %' }
    const killed = { atMs: 13_000, percent: 0, what: 'killed' }
    expect(timelineOf(orders, [raised, killed], { atMs: 10_000, percent: 10 })).toEqual([
      { second: 0, ordersControl: 1, ordersCanary: 1, percent: 10 },
      { second: 1, ordersControl: 0, ordersCanary: 0, percent: 50, event: 'raised to 50 %' },
      { second: 2, ordersControl: 0, ordersCanary: 1, percent: 50 },
      { second: 3, ordersControl: 0, ordersCanary: 0, percent: 0, event: 'killed' },
    ])
  })
})
