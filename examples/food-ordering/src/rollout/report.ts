import type { ActResult, RolloutsResult } from './run-rollouts.ts'

/** What must not be, one line each; nothing when the healthy canary came through and the faulty one was called back. */
export function faultsOf({ acts, percent, settled }: RolloutsResult): readonly string[] {
  const faults: string[] = []
  const [healthy, faulty] = acts
  if (healthy?.outcome !== 'complete') faults.push(`the healthy canary ended ${healthy?.outcome}`)
  if (faulty?.outcome !== 'rolled-back') faults.push(`the faulty canary ended ${faulty?.outcome}`)
  if (percent !== 0) faults.push(`the flag gives the canary to ${percent} % in the end`)
  if (!settled) faults.push('orders are still under way: something was not called back')
  if (faulty !== undefined) {
    const { truth, counted } = faulty
    if (truth.canaryAfterRecall > 0) faults.push(`${truth.canaryAfterRecall} handlings ran the canary after its recall`)
    if (truth.placedAfterRollback > 0)
      faults.push(`${truth.placedAfterRollback} orders were placed on a canary that was rolled back`)
    if (truth.ordersRecalled === 0) faults.push('no order was recalled in flight: nothing was shown')
    if (truth.ordersHealed < truth.ordersHurt)
      faults.push(`${truth.ordersHurt - truth.ordersHealed} orders came to no good end`)
    // Where all have the canary there is nothing to compare, and nobody is counted.
    const compared = faulty.ticks.every(({ percent }) => percent < 100)
    if (compared && counted.canary !== truth.usersHurt)
      faults.push(`${counted.canary} users were counted, ${truth.usersHurt} were hurt`)
  }
  return faults
}

/** The end of the run, for people. */
export function renderResult({ acts, users, orders, refused, ratePerSecond }: RolloutsResult): string {
  return [
    `\n${orders} orders of ${users} users at ${ratePerSecond} a second${refused > 0 ? `, ${refused} refused` : ''}.`,
    ...acts.map(actLines),
    '\nMinutes are those of the rollout’s clock, on which a second stands for a minute. A user counts once per rollout: the',
    'functions count under its name, so whom the first rollout counted, the second one counts anew. Between the two the flag',
    'goes back to 0 %, as if the first canary were the usual way by now. Hurt are users for whom a function failed on the',
    'canary’s way, by what functions wrote down of each attempt; counted are those of the table that the judge reads.\n',
  ].join('\n')
}

function actLines({ rollout, outcome, minutes, truth, judged, counted }: ActResult): string {
  const lines = [
    `\n${rollout}: ${outcome.replace('-', ' ')} in minute ${minutes}`,
    `  users on the canary       ${truth.usersOnCanary}`,
    `  users hurt                ${truth.usersHurt}   counted ${counted.canary}, of whom the judge knew ${judged.canary} when it decided`,
  ]
  if (outcome !== 'rolled-back') return lines.join('\n')
  const last = truth.lastCanaryAfterRecallMs
  return [
    ...lines,
    `  recalled in flight        ${truth.ordersRecalled} orders stamped canary, handled ${truth.handlingsRecalled} times as control`,
    `  orders that failed        ${truth.ordersHurt}, of which ${truth.ordersHealed} came to a good end, as control`,
    `  canary after the recall   ${truth.canaryAfterRecall} once the functions knew of it (the last ${last === undefined ? 'before it' : `${last} ms after it was written`})`,
  ].join('\n')
}
