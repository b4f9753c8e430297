import type {
  DemoResult,
  HopResult,
  OrderChain,
  RouteResult,
  ServiceResult,
  TimelinePoint,
} from '../../src/demo/results.ts'

const carriers = [
  ['price-quote', 'http'],
  ['fraud-check', 'invoke'],
  ['accept-order', 'kinesis'],
  ['notify-restaurant', 'kinesis'],
  ['notify-user', 'sns > sqs'],
  ['loyalty', 'eventbridge'],
] as const

const flag = 'new-order-flow'
const orders = 2_000

/** A plausible run: 10 % raised to 50 % after 8 of 20 seconds and killed after 14. Each number is told apart by eye. */
export function demoResult(changes: Partial<DemoResult> = {}): DemoResult {
  return {
    seed: 42,
    options: { orders, users: 400, percent: 10 },
    startedAt: '2025-11-21T09:30:00.000Z',
    waybill: waybillRoute,
    weightedAlias: weightedAliasRoute,
    seedCase: {
      requests: 41,
      users: 5,
      waybillUsersTouched: 1,
      weightedAliasUsersTouched: 4,
      waybillRequestsOnCanary: 9,
      weightedAliasRequestsOnCanary: 5,
    },
    ...changes,
  }
}

const waybillRoute: RouteResult = {
  routing: 'waybill',
  users: 400,
  orders,
  canaryUsers: 203,
  hops: carriers.map(([service, carrier]) => hop(service, carrier, 413, 0, 0)),
  mixedChains: 0,
  lostDecisions: 0,
  failedOrders: 0,
  services: services([0.4, 0.5, 0.3, 0.4, 0.2, 0.6, 0.3], [0.5, 0.7, 0.2, 0.5, 0.5, 0.2, 0.7], 413),
  timeline: timeline([10, 52, 0]),
  chains: chains((order) => isCanary(order, 0)),
  durationMs: 21_400,
}

const weightedAliasRoute: RouteResult = {
  routing: 'weighted-alias',
  users: 400,
  orders,
  canaryUsers: 347,
  hops: carriers.map(([service, carrier], index) =>
    hop(service, carrier, 388 + index * 9, 231 + index * 4, 227 - index),
  ),
  mixedChains: 1_012,
  lostDecisions: 2_801,
  failedOrders: 231,
  services: services([0.5, 0.4, 0.6, 0.2, 0.4, 0.3, 0.5], [0.2, 0.6, 0.4, 0.7, 58.1, 0.4, 0.6], 402),
  timeline: timeline([11, 49, 0]),
  chains: chains(isCanary),
  durationMs: 22_900,
}

function hop(service: string, carrier: string, canary: number, strayCanary: number, strayControl: number): HopResult {
  const propagated = strayCanary === 0 ? orders : 0
  return {
    service,
    carrier,
    deliveries: orders,
    canary,
    control: orders - canary,
    propagated,
    strayCanary,
    strayControl,
  }
}

function services(control: readonly number[], canary: readonly number[], canaryCount: number): ServiceResult[] {
  return ['place-order', ...carriers.map(([service]) => service)].flatMap((service, index) => [
    series(service, 'control', orders - canaryCount, control[index] ?? 0, 9.4 + index * 2.1),
    series(service, 'canary', canaryCount, canary[index] ?? 0, 11.2 + index * 2.3),
  ])
}

function series(service: string, variation: string, count: number, percent: number, p95Ms: number): ServiceResult {
  return {
    service,
    flag,
    variation,
    started: count,
    finished: count,
    errors: Math.round((count * percent) / 100),
    p95Ms,
  }
}

function timeline(canaryPercents: readonly [number, number, number]): TimelinePoint[] {
  return Array.from({ length: 20 }, (_, second) => {
    const phase = second < 8 ? 0 : second < 14 ? 1 : 2
    const total = 90 + ((second * 29) % 21)
    const ordersCanary = Math.round((total * canaryPercents[phase]) / 100)
    const point = { second, ordersCanary, ordersControl: total - ordersCanary, percent: [10, 50, 0][phase] ?? 0 }
    if (second === 8) return { ...point, event: 'raised to 50 %' }
    return second === 14 ? { ...point, event: 'killed with 104 canary orders in flight' } : point
  })
}

function chains(runsCanary: (order: number, position: number) => boolean): OrderChain[] {
  return Array.from({ length: 24 }, (_, order) => {
    const ran = Array.from({ length: carriers.length + 1 }, (__, position) => runsCanary(order, position))
    // The new path of notify-restaurant needs what only the edge's new path writes.
    const never = ran[4] && !ran[0] ? 4 : -1
    const variations = ran.map((canary, position) => (position === never ? '' : canary ? 'canary' : 'control'))
    return { orderId: `order-${String(order * 83).padStart(5, '0')}`, variations }
  })
}

/** Dice without a random source: the percentage of the phase against a fixed scramble. */
function isCanary(order: number, position: number): boolean {
  const percent = order < 9 ? 10 : order < 17 ? 50 : 0
  return (order * 61 + position * 37 + order * position * 13 + 5) % 100 < percent
}
