import { type Exposed, type Fields, fieldsOf, type Shipment, type Slot } from './carrier.ts'

/** How one kind of entry takes a token. */
export interface Packing {
  /** Bytes that an entry may have. */
  readonly maxBytes: number
  /** Bytes that a token costs beside its own length. */
  readonly overheadBytes: number
  /** Bytes of the entry, as the service counts them. */
  sizeOf(entry: Fields): number
  problemOf(entry: Fields): Slot['problem'] | undefined
  /** A copy with the token in it. */
  stamped(entry: Fields, token: string): Fields
  /** Bytes that readable flags cost beside a token; `undefined` where they cannot go. Absent: nobody filters by these. */
  exposedBytes?(entry: Fields, flags: Exposed): number | undefined
  /** A copy with readable flags in it, which then gets its token. */
  exposing?(entry: Fields, flags: Exposed): Fields
}

/** A request that is one message. */
export function soleShipment(input: Fields, packing: Packing): Shipment {
  return entriesShipment([input], packing.maxBytes, packing, ([stamped]) => fieldsOf(stamped) ?? input)
}

/** A request of many entries, under `key`, of at most `maxBytes` in all. */
export function batchShipment(input: Fields, key: string, maxBytes: number, packing: Packing): Shipment {
  const entries: readonly unknown[] = Array.isArray(input[key]) ? input[key] : []
  return entriesShipment(entries, maxBytes, packing, (stamped) => ({ ...input, [key]: stamped }))
}

/** Entries that stand anywhere in a request, of at most `maxBytes` in all; `rebuild` puts the stamped ones back. */
export function entriesShipment(
  entries: readonly unknown[],
  maxBytes: number,
  packing: Packing,
  rebuild: (entries: readonly unknown[]) => Fields,
): Shipment {
  const { exposedBytes } = packing
  let usedBytes = 0
  const slots = entries.map((entry) => {
    const fields = fieldsOf(entry)
    if (fields === undefined) return NO_SLOT
    const sizeBytes = packing.sizeOf(fields)
    usedBytes += sizeBytes
    return slotOf(fields, sizeBytes, packing)
  })
  const stamped = (entry: unknown, token: string | undefined, exposed: Exposed | undefined): unknown => {
    const fields = fieldsOf(entry)
    if (token === undefined || fields === undefined) return entry
    return packing.stamped(
      exposed === undefined ? fields : (packing.exposing?.(fields, exposed) ?? fields),
      wireText(token),
    )
  }
  return {
    slots,
    totalRoomBytes: maxBytes - usedBytes - packing.overheadBytes,
    overheadBytes: packing.overheadBytes,
    ...(exposedBytes && {
      exposedBytes: (index: number, flags: Exposed) => exposedBytes(fieldsOf(entries[index]) ?? {}, flags),
    }),
    write: (tokens, exposed) => rebuild(entries.map((entry, index) => stamped(entry, tokens[index], exposed?.[index]))),
  }
}

function slotOf(entry: Fields, sizeBytes: number, packing: Packing): Slot {
  const roomBytes = packing.maxBytes - sizeBytes - packing.overheadBytes
  const problem = packing.problemOf(entry)
  return problem === undefined ? { entry, roomBytes } : { entry, roomBytes, problem }
}

/** Something among the entries that is none; the service will say so. */
const NO_SLOT: Slot = { entry: {}, roomBytes: 0, problem: 'uncarried' }

const WIRE_TEXT = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * The last guard before somebody else's text: a token is printable ASCII without quote and backslash, also one of a
 * format that is forwarded unread. Throws for anything else; the stamps then send the message as it was, and count it.
 */
function wireText(token: string): string {
  if (!WIRE_TEXT.test(token)) throw new TypeError('waybill: a token holds a character that no token may have')
  return token
}
