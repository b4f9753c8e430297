/** What one run of the demo found out: the table, the report and `--json` all read this and nothing else. */
export interface DemoResult {
  readonly seed: number
  readonly options: { readonly orders: number; readonly users: number; readonly percent: number }
  readonly waybill: RouteResult
  readonly weightedAlias: RouteResult
  readonly seedCase: SeedCase
  readonly startedAt: string
}

/** One way of routing: the same handlers, engines and orders. */
export interface RouteResult {
  readonly routing: 'waybill' | 'weighted-alias'
  readonly users: number
  readonly orders: number
  /** Users whose first function ran the canary at least once. */
  readonly canaryUsers: number
  /** Every function after the edge, in the order of the chain. */
  readonly hops: readonly HopResult[]
  /** Orders in whose chain not all functions ran one variation. */
  readonly mixedChains: number
  /** Deliveries at which the edge's decision was not the one that ran. */
  readonly lostDecisions: number
  /**
   * Orders that were sent and did not come out whole at the far end. Nothing bisects a batch here as Lambda would, so under
   * weighted aliases a record that always fails takes up to a batch of its neighbours with it.
   */
  readonly failedOrders: number
  readonly services: readonly ServiceResult[]
  readonly timeline: readonly TimelinePoint[]
  /** A few real orders, evenly spaced over the run, for the report's picture of what a chain looks like. */
  readonly chains?: readonly OrderChain[]
  readonly durationMs: number
}

export interface OrderChain {
  readonly orderId: string
  /** What ran: the edge first, then one for each of `hops`, in its order; `''` where the order never arrived. */
  readonly variations: readonly string[]
}

export interface HopResult {
  readonly service: string
  /** How it is reached, e.g. `kinesis`, `sns > sqs`. */
  readonly carrier: string
  readonly deliveries: number
  readonly canary: number
  readonly control: number
  /** Deliveries that carried a decision. */
  readonly propagated: number
  /** Among `canary`: deliveries whose order the edge had decided as control. */
  readonly strayCanary?: number
  /** Among `control`: deliveries whose order the edge had decided as canary. */
  readonly strayControl?: number
}

/** From the EMF that the functions wrote. */
export interface ServiceResult {
  readonly service: string
  readonly flag: string
  readonly variation: string
  readonly started: number
  readonly finished: number
  readonly errors: number
  readonly p95Ms: number
}

/** One second of the run. */
export interface TimelinePoint {
  readonly second: number
  readonly ordersControl: number
  readonly ordersCanary: number
  /** The percentage in the flag store at the end of that second. */
  readonly percent: number
  /** What an operator did in it, e.g. `raised to 50 %`. */
  readonly event?: string
}

/** The same few requests by few users, routed both ways: how many users see the canary. */
export interface SeedCase {
  readonly requests: number
  readonly users: number
  readonly waybillUsersTouched: number
  readonly weightedAliasUsersTouched: number
  readonly waybillRequestsOnCanary: number
  readonly weightedAliasRequestsOnCanary: number
}
