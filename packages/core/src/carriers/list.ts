import type { BatchInbound, Carrier, Fields, Shipment, SingleInbound, TargetPolicy } from './carrier.ts'
import { http } from './http.ts'
import { kinesis } from './kinesis.ts'
import { sqs } from './sqs.ts'

/** Every carrier; the first that recognises an event has it. */
export const CARRIERS: readonly Carrier[] = [http, sqs, kinesis]

export function openShipment(commandName: string, input: Fields, policy: TargetPolicy): Shipment | undefined {
  return COMMANDS.get(commandName)?.(input, policy)
}

const COMMANDS = new Map(CARRIERS.flatMap((carrier) => Object.entries(carrier.commands ?? {})))

export function singleCarrier(event: Fields): { readonly name: string; readonly inbound: SingleInbound } | undefined {
  for (const { name, single } of CARRIERS) if (single?.recognises(event)) return { name, inbound: single }
  return undefined
}

export function batchCarrier(record: Fields): { readonly name: string; readonly inbound: BatchInbound } | undefined {
  for (const { name, batch } of CARRIERS) if (batch?.recognises(record)) return { name, inbound: batch }
  return undefined
}
