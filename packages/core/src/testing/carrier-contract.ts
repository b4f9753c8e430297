import type { CarrierHarness, ContractCase } from './harness.ts'
import { inboundCases } from './inbound-cases.ts'
import { outgoingCases } from './outgoing-cases.ts'

export type {
  BatchInbound,
  Fields,
  InboundCarrier,
  OutgoingCarrier,
  Shipment,
  SingleInbound,
  Slot,
  TargetPolicy,
  Unloaded,
} from '../carriers/carrier.ts'
export {
  type AffectedUsersHarness,
  affectedUsersContract,
  type FaultyAffectedUsers,
} from './affected-users-contract.ts'
export type { CarrierHarness, ContractCase, Delivery, InboundHarness, OutgoingHarness, Payload } from './harness.ts'
export { type FaultyPinStore, type PinFault, type PinStoreHarness, pinStoreContract } from './pin-store-contract.ts'

/**
 * What every carrier must do, as cases without a test framework. A carrier that only reads has no `outgoing`.
 *
 * @example
 * ```ts
 * describe('my carrier', () => {
 *   for (const { name, run } of carrierContract({ inbound: { carrier, deliver, maxTokens: 1 } })) test(name, run)
 * })
 * ```
 */
export function carrierContract({ inbound, outgoing }: CarrierHarness): readonly ContractCase[] {
  return [
    ...(inbound === undefined ? [] : inboundCases(inbound)),
    ...(outgoing === undefined ? [] : outgoingCases(outgoing)),
  ]
}
