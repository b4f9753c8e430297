import { declareFlags } from '@waybill/core'

/** The flag of the order chain. Every function of it declares it; `place-order` decides it, the others honour it. */
export const flags = declareFlags({
  'new-order-flow': {
    variations: { control: false, canary: true },
    default: 'control',
    observe: true,
    // Whatever the new flow wrote into an order, the old one can handle: a bad canary is called back from the queues as well.
    inFlight: 'recall',
  },
})

/** Which way a function went, written with its business data, so that a chain can be checked afterwards. */
export interface RouteTaken {
  readonly variation: string
  /** Version of the flag data that it was decided by; 0 when it was decided by none. */
  readonly flagVersion: number
  /** How this function came by it. */
  readonly origin: string
}

export function routeTaken(): RouteTaken {
  const { variation, version, origin } = flags.detail('new-order-flow')
  return { variation, flagVersion: version, origin }
}
