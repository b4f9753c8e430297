import { strict as assert } from 'node:assert'
import type { Fields, Shipment, TargetPolicy } from '../carriers/carrier.ts'
import type { OutgoingHarness } from './harness.ts'

/** The user named every target. */
export const NAMED: TargetPolicy = { isNamed: () => true, namedExecutions: false, namedTransactions: false }
/** The user named none, and excluded none. */
export const UNNAMED: TargetPolicy = { isNamed: () => undefined, namedExecutions: false, namedTransactions: false }

/** A request of the harness's command, which the carrier must know, laid open. */
export function openRequest(harness: OutgoingHarness, request: Fields, policy: TargetPolicy = NAMED): Shipment {
  const shipment = harness.carrier.commands[harness.command]?.(request, policy)
  assert.ok(shipment, `${harness.command} is laid open`)
  return shipment
}

/** Stamps as an outgoing client does: only where there is no problem. */
export function stamp(harness: OutgoingHarness, request: Fields, tokens: readonly (string | undefined)[]): Fields {
  const policy = harness.place === 'attribute' ? UNNAMED : NAMED
  const { slots, write } = openRequest(harness, request, policy)
  return write(slots.map(({ problem }, index) => (problem === undefined ? tokens[index] : undefined)))
}
