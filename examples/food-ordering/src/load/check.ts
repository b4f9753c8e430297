import type { OrderRow } from '../order-rows.ts'

/** The way that was taken for one order, by whoever wrote it down. */
export interface Way {
  readonly orderId: string
  readonly userId: string
  readonly variation: string
  readonly flagVersion: number
}

/** One delivery, as a function wrote it down: there are several where a message came again. */
export interface Delivery extends Way {
  readonly row: OrderRow
  readonly origin: string
}

export interface CheckInput {
  /** What the edge answered 2xx to, with the decision that it made. Imported orders have no hops before the stream. */
  readonly accepted: readonly (Way & { readonly imported: boolean })[]
  readonly deliveries: readonly Delivery[]
  /** The variation of a user under a version of the flag, worked out apart from the chain. */
  readonly expected: (userId: string, flagVersion: number) => string | undefined
}

export interface HopCount {
  readonly service: string
  readonly carrier: string
  /** Accepted orders that should come by here, and those that did. */
  readonly due: number
  readonly consumed: number
  /** Deliveries beyond the first of an accepted order. */
  readonly repeats: number
  /** Deliveries of orders that the edge did not accept, since it failed half-way. */
  readonly unaccepted: number
  /** Deliveries that ran under other decisions than their order's. */
  readonly strays: number
}

export interface Check {
  readonly hops: readonly HopCount[]
  /** What must not be, in words; empty when all holds. */
  readonly faults: readonly string[]
}

interface Hop {
  readonly service: string
  readonly carrier: string
  readonly row: OrderRow
  readonly beforeStream: boolean
}

const HOPS: readonly Hop[] = [
  { service: 'price-quote', carrier: 'http', row: 'quote', beforeStream: true },
  { service: 'fraud-check', carrier: 'lambda invoke', row: 'fraud-check', beforeStream: true },
  { service: 'accept-order', carrier: 'kinesis', row: 'acceptance', beforeStream: false },
  { service: 'notify-restaurant', carrier: 'kinesis', row: 'restaurant-notification', beforeStream: false },
  { service: 'notify-user', carrier: 'sns > sqs', row: 'user-notification', beforeStream: false },
  { service: 'loyalty', carrier: 'eventbridge', row: 'points', beforeStream: false },
]

/**
 * Compares what each hop wrote down with what the edge decided, order by order. Each accepted order must have come by
 * every hop, how often is all the same; no delivery may have run under other decisions than its order's, accepted or not.
 */
export function check({ accepted, deliveries, expected }: CheckInput): Check {
  const faults: string[] = []
  const decided = new Map<string, Way>()
  for (const delivery of deliveries) {
    if (delivery.row !== 'order') continue
    const known = decided.get(delivery.orderId)
    if (known === undefined) decided.set(delivery.orderId, delivery)
    else if (!sameWay(known, delivery)) faults.push(`order ${delivery.orderId}: the edge decided twice, differently`)
  }
  const acceptedIds = new Set<string>()
  for (const order of accepted) {
    acceptedIds.add(order.orderId)
    const row = decided.get(order.orderId)
    if (row === undefined) faults.push(`order ${order.orderId}: accepted, but not on record`)
    else if (!sameWay(row, order)) faults.push(`order ${order.orderId}: answered ${way(order)}, recorded ${way(row)}`)
    decided.set(order.orderId, order)
  }

  const hops = HOPS.map(({ service, carrier, row, beforeStream }): HopCount => {
    const here = deliveries.filter((delivery) => delivery.row === row)
    const consumed = new Set(here.flatMap(({ orderId }) => (acceptedIds.has(orderId) ? [orderId] : [])))
    const due = accepted.filter(({ imported }) => !(imported && beforeStream))
    const missing = due.filter(({ orderId }) => !consumed.has(orderId))
    for (const { orderId } of missing) faults.push(`order ${orderId}: accepted, but never came to ${service}`)
    let strays = 0
    let unaccepted = 0
    for (const delivery of here) {
      if (!acceptedIds.has(delivery.orderId)) unaccepted += 1
      // The edge died before it wrote the order down: its hops must still agree, the first of them standing for it.
      const edge = decided.get(delivery.orderId) ?? delivery
      decided.set(delivery.orderId, edge)
      if (sameWay(edge, delivery) && delivery.origin === 'propagated') continue
      strays += 1
      faults.push(
        `order ${delivery.orderId}: ${service} ran ${way(delivery)} (${delivery.origin}), the edge decided ${way(edge)}`,
      )
    }
    return {
      service,
      carrier,
      due: due.length,
      consumed: consumed.size,
      repeats: here.length - unaccepted - consumed.size,
      unaccepted,
      strays,
    }
  })

  for (const one of decided.values()) {
    const variation = expected(one.userId, one.flagVersion)
    if (variation !== one.variation) faults.push(`order ${one.orderId}: ${way(one)} is not what the flag's data says`)
  }
  return { hops, faults }
}

function sameWay(a: Way, b: Way): boolean {
  return a.userId === b.userId && a.variation === b.variation && a.flagVersion === b.flagVersion
}

function way({ userId, variation, flagVersion }: Way): string {
  return `${variation} of version ${flagVersion} for ${userId}`
}
