import {
  bodyProblem,
  byteLength,
  type Fields,
  fieldsOf,
  type InboundCarrier,
  type OutgoingCarrier,
  type TargetPolicy,
  textOf,
} from './carrier.ts'
import { BODY_OVERHEAD_BYTES, exposedTextBytes, exposeIn, spliceable, spliceIn } from './json-splice.ts'
import { unloadPayload } from './payload.ts'
import { batchShipment, type Packing } from './shipment.ts'

/*
 * EventBridge: the token is the last key of `Detail`, a JSON text.
 * - PutEvents: less than 1 MB over all entries; how an entry is measured
 *   https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
 *   https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 * - the event: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
 */
const MAX_REQUEST_BYTES = 1_048_575
const TIME_BYTES = 14
const DEFAULT_BUS = 'default'

export const eventbridgeInbound: InboundCarrier = {
  name: 'eventbridge',
  single: {
    recognises: (event) => Object.hasOwn(event, 'detail-type') && fieldsOf(event['detail']) !== undefined,
    unload: (event) => unloadPayload(event),
  },
}

export const eventbridgeOutgoing: OutgoingCarrier = {
  client: 'EventBridge',
  commands: {
    PutEventsCommand: (input, policy) => batchShipment(input, 'Entries', MAX_REQUEST_BYTES, packing(policy)),
  },
}

function packing(policy: TargetPolicy): Packing {
  return {
    maxBytes: MAX_REQUEST_BYTES,
    overheadBytes: BODY_OVERHEAD_BYTES,
    sizeOf: entrySize,
    problemOf: (entry) =>
      bodyProblem(policy, textOf(entry['EventBusName']) ?? DEFAULT_BUS) ?? spliceable(textOf(entry['Detail']) ?? ''),
    stamped: (entry, token) => ({ ...entry, Detail: spliceIn(textOf(entry['Detail']) ?? '', token) }),
    exposedBytes: (entry, flags) => exposedTextBytes(textOf(entry['Detail']) ?? '', flags),
    exposing: (entry, flags) => ({ ...entry, Detail: exposeIn(textOf(entry['Detail']) ?? '', flags) }),
  }
}

/** As https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html measures it. */
function entrySize(entry: Fields): number {
  const resources: readonly unknown[] = Array.isArray(entry['Resources']) ? entry['Resources'] : []
  return (
    (entry['Time'] === undefined ? 0 : TIME_BYTES) +
    byteLength(entry['Source']) +
    byteLength(entry['DetailType']) +
    byteLength(entry['Detail']) +
    resources.reduce<number>((sum, resource) => sum + byteLength(resource), 0)
  )
}
