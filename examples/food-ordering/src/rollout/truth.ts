import type { TimedDelivery } from '../load/deliveries.ts'

/** What a rollout did to users, from what the functions wrote down of each attempt: apart from counts, metrics and judge. */
export interface RolloutTruth {
  /** Users whose orders the edge gave to the canary. */
  readonly usersOnCanary: number
  /** Users who met a failure on the canary's way that control does not have. */
  readonly usersHurt: number
  /** Their orders that came to a good end after all. */
  readonly ordersHealed: number
  readonly ordersHurt: number
  /** Orders stamped for the canary that functions handled as control, since they were recalled; and how many times. */
  readonly ordersRecalled: number
  readonly handlingsRecalled: number
  /** How long after the recall a function still ran the canary, in milliseconds. Absent: none did, or nothing was recalled. */
  readonly lastCanaryAfterRecallMs?: number
  /** Handlings as the canary, by functions after the edge, when all of them knew of the recall. */
  readonly canaryAfterRecall: number
  /** Orders that the edge gave to the canary when all of it knew of the rollback. */
  readonly placedAfterRollback: number
}

export interface TruthOptions {
  readonly deliveries: readonly TimedDelivery[]
  /** The flag versions of this rollout. */
  readonly versions: ReadonlySet<number>
  /** On the wall's clock. Absent: it was not rolled back. */
  readonly recalledAtMs?: number
  /** How long it may take until a function knows: what it believes, and what it is in the middle of. */
  readonly knownWithinMs: number
}

/** How the bug that was planted says that it struck. */
const STRUCK = / (?:error|out-of-memory)$/

export function truthOf({ deliveries, versions, recalledAtMs, knownWithinMs }: TruthOptions): RolloutTruth {
  const own = deliveries.filter(({ flagVersion }) => versions.has(flagVersion))
  const placed = own.filter(({ row, variation }) => row === 'order' && variation === 'canary')
  const stamped = new Set(placed.map(({ orderId }) => orderId))
  const struck = own.filter(({ row, variation }) => STRUCK.test(row) && variation === 'canary')
  const ordersHurt = new Set(struck.map(({ orderId }) => orderId))
  // The function that was struck came to its end for that order, on whichever way.
  const ended = new Set(own.filter(({ row }) => !STRUCK.test(row)).map(({ orderId, row }) => `${orderId} ${row}`))
  const healed = [...ordersHurt].filter((orderId) =>
    struck.every((one) => one.orderId !== orderId || ended.has(`${orderId} ${rowOf(one.row)}`)),
  )
  const recalled = own.filter(({ orderId, origin }) => origin === 'recalled' && stamped.has(orderId))
  const late = (all: readonly TimedDelivery[]): readonly number[] =>
    recalledAtMs === undefined ? [] : all.map(({ atMs }) => atMs - recalledAtMs).filter((ms) => ms > 0)
  const canary = late(own.filter(({ row, variation }) => variation === 'canary' && row !== 'order'))
  return {
    usersOnCanary: new Set(placed.map(({ userId }) => userId)).size,
    usersHurt: new Set(struck.map(({ userId }) => userId)).size,
    ordersHurt: ordersHurt.size,
    ordersHealed: healed.length,
    ordersRecalled: new Set(recalled.map(({ orderId }) => orderId)).size,
    handlingsRecalled: recalled.length,
    ...(canary.length === 0 ? {} : { lastCanaryAfterRecallMs: Math.round(Math.max(...canary)) }),
    canaryAfterRecall: canary.filter((ms) => ms > knownWithinMs).length,
    placedAfterRollback: late(placed).filter((ms) => ms > knownWithinMs).length,
  }
}

/** What a function leaves behind at its end, by the name of its strike. */
function rowOf(strike: string): string {
  const [functionName = ''] = strike.split(' ')
  return { 'notify-user': 'user-notification', 'notify-restaurant': 'restaurant-notification', loyalty: 'points' }[
    functionName
  ] as string
}
