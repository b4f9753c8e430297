import type { RouteRun } from './route.ts'

/** What speaks against Waybill in its run, one line each; nothing when it kept its word. */
export function faultsOf({ result, truth, refusals }: RouteRun): readonly string[] {
  const { mixedChains, lostDecisions, failedOrders, hops, orders } = result
  const { canaryOrdersBeforeKill, canaryOrdersInFlightAtKill, strayingServices } = truth
  const faults: string[] = []
  if (mixedChains > 0) faults.push(`${mixedChains} chains ran more than one variation`)
  if (lostDecisions > 0) faults.push(`${lostDecisions} deliveries did not run what the edge had decided`)
  if (failedOrders > 0) faults.push(`${failedOrders} orders did not come out whole`)
  if (refusals.length > 0) faults.push(`${refusals.length} orders were refused, the first with ${refusals[0]}`)
  for (const { service, deliveries, propagated } of hops) {
    if (deliveries !== orders) faults.push(`${service} handled ${deliveries} of ${orders} orders`)
    if (propagated !== deliveries) faults.push(`${service}: ${deliveries - propagated} deliveries carried no decision`)
  }
  for (const service of strayingServices) faults.push(`${service}: its canary users are not the edge's`)
  // A chain that loses every token runs the default everywhere, and would otherwise look unmixed.
  if (canaryOrdersBeforeKill === 0) faults.push('no order took the canary before the kill: nothing was shown')
  else if (canaryOrdersInFlightAtKill === 0) faults.push('no canary order was in flight at the kill')
  return faults
}
