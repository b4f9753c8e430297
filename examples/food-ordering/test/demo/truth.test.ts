import { describe, expect, it } from 'vitest'
import type { RouteRun } from '../../src/demo/route.ts'
import type { Row, RowsByOrder } from '../../src/demo/rows.ts'
import { truthOf } from '../../src/demo/truth.ts'
import { faultsOf } from '../../src/demo/verdict.ts'
import type { OrderRow } from '../../src/order-rows.ts'

const INNER: readonly OrderRow[] = [
  'quote',
  'fraud-check',
  'acceptance',
  'restaurant-notification',
  'user-notification',
  'points',
]
const KILLED_AT_MS = 1000

/** One order whose chain ran as it should; `change` is what went otherwise. */
function order(
  orderId: string,
  variation: 'control' | 'canary',
  change: (row: Row) => Row | undefined = (row) => row,
): readonly [string, ReadonlyMap<OrderRow, Row>] {
  const base = { orderId, userId: `user-of-${orderId}`, variation, flagVersion: 2 }
  const edge: Row = { ...base, row: 'order', origin: 'evaluated', atMs: KILLED_AT_MS - 100 }
  const inner = INNER.flatMap((row) => change({ ...base, row, origin: 'propagated', atMs: KILLED_AT_MS + 100 }) ?? [])
  return [orderId, new Map([edge, ...inner].map((row) => [row.row, row]))]
}

function judge(...orders: readonly (readonly [string, ReadonlyMap<OrderRow, Row>])[]) {
  const rows: RowsByOrder = new Map(orders)
  const truth = truthOf({ routing: 'waybill', sent: orders.length, rows, killedAtMs: KILLED_AT_MS })
  const run = { result: { ...truth, orders: orders.length }, truth, refusals: [] } as unknown as RouteRun
  return { truth, faults: faultsOf(run) }
}

const at = (row: OrderRow, change: Partial<Row>) => (one: Row) => (one.row === row ? { ...one, ...change } : one)

describe('what the rows of the business prove', () => {
  it('finds no fault with chains that ran one variation', () => {
    const { truth, faults } = judge(order('a', 'canary'), order('b', 'control'))
    expect(faults).toEqual([])
    expect(truth).toMatchObject({ canaryUsers: 1, canaryOrdersBeforeKill: 1, canaryOrdersInFlightAtKill: 1 })
  })

  it('sees one function that ran the other variation', () => {
    const { truth, faults } = judge(order('a', 'canary', at('points', { variation: 'control' })), order('b', 'control'))
    expect(truth).toMatchObject({ mixedChains: 1, lostDecisions: 1, strayingServices: ['loyalty'] })
    expect(truth.hops.at(-1)).toMatchObject({ strayControl: 1, strayCanary: 0 })
    expect(faults).toContain('1 chains ran more than one variation')
  })

  it('does not let a chain pass that lost its decision and ran the default, which was the same', () => {
    const lost = at('acceptance', { flagVersion: 0, origin: 'default' })
    const { truth, faults } = judge(order('a', 'canary'), order('b', 'control', lost))
    expect(truth).toMatchObject({ mixedChains: 0, lostDecisions: 1 })
    expect(faults).toContain('accept-order: 1 deliveries carried no decision')
  })

  it('does not take the decision of another version of the flag for the edge’s', () => {
    const { truth } = judge(order('a', 'canary', at('quote', { flagVersion: 3 })))
    expect(truth.lostDecisions).toBe(1)
  })

  it('counts an order that never came out at the far end', () => {
    const { truth, faults } = judge(
      order('a', 'canary'),
      order('b', 'canary', (row) => (row.row === 'restaurant-notification' ? undefined : row)),
    )
    expect(truth.failedOrders).toBe(1)
    expect(faults).toContain('notify-restaurant handled 1 of 2 orders')
  })

  it('is not satisfied when nobody was in the canary', () => {
    expect(judge(order('a', 'control')).faults).toEqual(['no order took the canary before the kill: nothing was shown'])
  })
})
