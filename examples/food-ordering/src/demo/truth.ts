import type { OrderRow } from '../order-rows.ts'
import type { HopResult, OrderChain, RouteResult } from './results.ts'
import type { Row, RowsByOrder } from './rows.ts'

interface Hop {
  readonly service: string
  readonly carrier: string
  readonly row: OrderRow
}

/** Every function after the edge, and what it leaves behind for each order. */
const HOPS: readonly Hop[] = [
  { service: 'price-quote', carrier: 'http', row: 'quote' },
  { service: 'fraud-check', carrier: 'lambda invoke', row: 'fraud-check' },
  { service: 'accept-order', carrier: 'kinesis', row: 'acceptance' },
  { service: 'notify-restaurant', carrier: 'kinesis', row: 'restaurant-notification' },
  { service: 'notify-user', carrier: 'sns > sqs', row: 'user-notification' },
  { service: 'loyalty', carrier: 'eventbridge', row: 'points' },
]

export interface Truth
  extends Pick<RouteResult, 'canaryUsers' | 'hops' | 'mixedChains' | 'lostDecisions' | 'failedOrders'> {
  /** A few orders, evenly spaced over the run. */
  readonly chains: readonly OrderChain[]
  /** Orders that the edge placed on the canary before the rollout was killed. */
  readonly canaryOrdersBeforeKill: number
  /** Those of them whose restaurant was told only after. */
  readonly canaryOrdersInFlightAtKill: number
  /** Services whose canary users are not the edge's. */
  readonly strayingServices: readonly string[]
}

export interface TruthOptions {
  readonly routing: RouteResult['routing']
  /** Orders that were sent to the edge, whatever it answered. */
  readonly sent: number
  readonly rows: RowsByOrder
  readonly killedAtMs: number
}

/**
 * What became of the orders, from the rows that the business wrote: its orders, quotes, notifications and points, each
 * with the variation that made it. A delivery carried the edge's decision when it ran under the same version of the
 * flag's data; a function that was left to itself has version 0.
 */
export function truthOf({ routing, sent, rows, killedAtMs }: TruthOptions): Truth {
  const chains = [...rows.values()].flatMap((chain) => {
    const edge = chain.get('order')
    return edge === undefined ? [] : [{ edge, chain }]
  })
  const isCanary = (row: Row | undefined): boolean => row?.variation === 'canary'
  const carried = (row: Row, edge: Row): boolean => row.origin === 'propagated' && row.flagVersion === edge.flagVersion
  const lost = (row: Row, edge: Row): boolean =>
    row.variation !== edge.variation || (routing === 'waybill' && !carried(row, edge))

  const deliveriesOf = ({ row }: Hop) =>
    chains.flatMap(({ edge, chain }) => {
      const delivered = chain.get(row)
      return delivered === undefined ? [] : [{ edge, delivered }]
    })
  const hops = HOPS.map((hop): HopResult => {
    const deliveries = deliveriesOf(hop)
    const canary = deliveries.filter(({ delivered }) => isCanary(delivered)).length
    const strays = deliveries.filter(({ delivered, edge }) => delivered.variation !== edge.variation)
    const strayCanary = strays.filter(({ delivered }) => isCanary(delivered)).length
    return {
      service: hop.service,
      carrier: hop.carrier,
      deliveries: deliveries.length,
      canary,
      control: deliveries.length - canary,
      propagated: deliveries.filter(({ delivered, edge }) => carried(delivered, edge)).length,
      strayCanary,
      strayControl: strays.length - strayCanary,
    }
  })

  const edgeUsers = usersOn(chains.map(({ edge }) => edge))
  const whole = chains.filter(({ chain }) => HOPS.every(({ row }) => chain.has(row)))
  const killed = chains.filter(({ edge }) => isCanary(edge) && edge.atMs < killedAtMs)
  return {
    canaryUsers: edgeUsers.size,
    chains: sample(chains.toSorted((a, b) => a.edge.atMs - b.edge.atMs)).map(({ edge, chain }) => ({
      orderId: edge.orderId,
      variations: [edge.variation, ...HOPS.map(({ row }) => chain.get(row)?.variation ?? '')],
    })),
    hops,
    mixedChains: chains.filter(({ chain }) => new Set([...chain.values()].map((row) => row.variation)).size > 1).length,
    lostDecisions: HOPS.flatMap(deliveriesOf).filter(({ delivered, edge }) => lost(delivered, edge)).length,
    failedOrders: sent - whole.length,
    canaryOrdersBeforeKill: killed.length,
    canaryOrdersInFlightAtKill: killed.filter(
      ({ chain }) => (chain.get('restaurant-notification')?.atMs ?? Number.POSITIVE_INFINITY) > killedAtMs,
    ).length,
    strayingServices: HOPS.filter((hop) => {
      const users = usersOn(deliveriesOf(hop).map(({ delivered }) => delivered))
      return users.size !== edgeUsers.size || [...users].some((user) => !edgeUsers.has(user))
    }).map(({ service }) => service),
  }
}

const SAMPLES = 24

function sample<T>(all: readonly T[]): readonly T[] {
  const step = Math.max(1, all.length / SAMPLES)
  return Array.from({ length: Math.min(SAMPLES, all.length) }, (_, index) => all[Math.floor(index * step)] as T)
}

function usersOn(rows: readonly Row[]): Set<string> {
  return new Set(rows.filter(({ variation }) => variation === 'canary').map(({ userId }) => userId))
}
