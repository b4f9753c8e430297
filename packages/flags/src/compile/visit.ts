/**
 * One evaluation under way, for flags that need others: which prerequisites and segments it stands in, so that a cycle is
 * seen, and whether it met a big segment. A flag that needs neither goes without.
 */
export interface Visit {
  readonly flags: string[]
  readonly segments: string[]
  entered: number
  metBigSegment: boolean
}

/** Deeper than anybody nests by hand, and well within JavaScript's stack. */
const MAX_DEPTH = 100
/** A flag that asks twice for one that asks twice for another, and so on, would else take for ever. */
const MAX_ENTERED = 10_000

export function newVisit(): Visit {
  return { flags: [], segments: [], entered: 0, metBigSegment: false }
}

/** Goes into a prerequisite or a segment. False: it is under way already, or it is too much; the data is malformed. */
export function enter(visit: Visit, chain: string[], key: string): boolean {
  visit.entered += 1
  if (visit.entered > MAX_ENTERED || chain.length >= MAX_DEPTH || chain.includes(key)) return false
  chain.push(key)
  return true
}
