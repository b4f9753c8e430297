/** What the kitchen wants to know: the extra information that only the new order flow records. */
export interface Preparation {
  readonly minutes: number
  readonly allergens: readonly string[]
}

export interface OrderPlaced {
  readonly type: 'order_placed'
  readonly orderId: string
  readonly userId: string
  readonly dish: string
  readonly cents: number
  /** There when the order was placed on the canary. */
  readonly preparation?: Preparation
}

export interface OrderAccepted {
  readonly type: 'order_accepted'
  readonly orderId: string
  readonly userId: string
  readonly cents: number
}
