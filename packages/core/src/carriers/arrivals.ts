import { type BatchInbound, type Fields, fieldsOf } from './carrier.ts'
import { batchCarrier, singleCarrier } from './list.ts'

/** What came with one event: a single request or message, or a batch whose records are unloaded each on its own. */
export type Arrivals =
  | { readonly kind: 'single'; readonly carrier?: string; readonly tokens: readonly string[]; readonly event: unknown }
  | {
      readonly kind: 'batch'
      readonly carrier: string
      /** Tokens by record id. A record without an id, or without a token, is not in it. */
      readonly tokensById: ReadonlyMap<string, readonly string[]>
      /** The id of a record, raw or parsed. */
      readonly idOf: (record: Fields) => string | undefined
      readonly event: unknown
    }

/** Reads any event: finds its carrier, takes the tokens out. An unknown event arrives as it is. */
export function arrivals(event: unknown, lambdaContext?: unknown): Arrivals {
  const fields = fieldsOf(event)
  if (fields === undefined) return { kind: 'single', tokens: [], event }
  const records = fields['Records'] ?? fields['records']
  const first = Array.isArray(records) ? fieldsOf(records[0]) : undefined
  const batch = first === undefined ? undefined : batchCarrier(first)
  if (batch !== undefined) return batchArrivals(fields, records as readonly unknown[], batch.name, batch.inbound)
  const single = singleCarrier(fields)
  if (single === undefined) return { kind: 'single', tokens: [], event }
  const { tokens, clean } = single.inbound.unload(fields, lambdaContext)
  return { kind: 'single', carrier: single.name, tokens, event: clean }
}

function batchArrivals(event: Fields, records: readonly unknown[], carrier: string, inbound: BatchInbound): Arrivals {
  const tokensById = new Map<string, readonly string[]>()
  let lone: readonly string[] = []
  const clean = records.map((record) => {
    const fields = fieldsOf(record)
    if (fields === undefined) return record
    const unloaded = inbound.unload(fields)
    lone = unloaded.tokens
    const id = inbound.idOf(fields)
    if (id !== undefined && unloaded.tokens.length > 0) tokensById.set(id, unloaded.tokens)
    return unloaded.clean
  })
  const stripped = { ...event, [inbound.recordsKey]: clean }
  if (inbound.alwaysAlone && records.length === 1) return { kind: 'single', carrier, tokens: lone, event: stripped }
  return { kind: 'batch', carrier, tokensById, idOf: inbound.idOf, event: stripped }
}

/** What came with one record, when it is handed over alone. */
export function recordArrival(
  record: unknown,
): { carrier: string; tokens: readonly string[]; record: unknown } | undefined {
  const fields = fieldsOf(record)
  const carrier = fields === undefined ? undefined : batchCarrier(fields)
  if (fields === undefined || carrier === undefined) return undefined
  const { tokens, clean } = carrier.inbound.unload(fields)
  return { carrier: carrier.name, tokens, record: clean }
}

/**
 * The tokens that an event carries, one list per event or record: for those who write their own lifecycle.
 *
 * @example
 * ```ts
 * extractTokens({ requestContext: {}, httpMethod: 'GET', headers: { 'X-Waybill': 'wb1.k1...' } }) // ['wb1.k1...']
 * ```
 */
export function extractTokens(event: unknown, lambdaContext?: unknown): readonly string[] {
  const found = arrivals(event, lambdaContext)
  return found.kind === 'single' ? found.tokens : [...found.tokensById.values()].flat()
}
