import type { CountCode } from '../ledger.ts'
import { type BatchInbound, type Fields, fieldsOf, together } from './carrier.ts'
import { batchCarrier, contextTokens, singleCarrier } from './list.ts'

/** What came with one event: a single request or message, or a batch whose records are unloaded each on its own. */
export type Arrivals =
  | { readonly kind: 'single'; readonly carrier?: string; readonly tokens: readonly string[]; readonly event: unknown }
  | {
      readonly kind: 'batch'
      readonly carrier: string
      /** Tokens by record id. A record without an id, or without a token, is not in it. */
      readonly tokensById: ReadonlyMap<string, readonly string[]>
      /** Why a stamp that a record had is not among its tokens, by record id. */
      readonly problemsById: ReadonlyMap<string, CountCode>
      /** The id of a record, raw or parsed. */
      readonly idOf: (record: Fields) => string | undefined
      readonly event: unknown
    }

/** Reads any event: finds its carrier, takes the tokens out. An unknown event arrives as it is. */
export function arrivals(event: unknown, lambdaContext?: unknown): Arrivals {
  const fields = fieldsOf(event)
  if (fields === undefined) return singleArrival(event, undefined, lambdaContext)
  return (
    batchArrivals(fields, 'Records') ?? batchArrivals(fields, 'records') ?? singleArrival(event, fields, lambdaContext)
  )
}

function singleArrival(event: unknown, fields: Fields | undefined, lambdaContext: unknown): Arrivals {
  const carrier = fields === undefined ? undefined : singleCarrier(fields)
  const inside = fields === undefined ? undefined : carrier?.inbound.unload(fields)
  const beside = contextTokens(lambdaContext)
  const name = beside?.name ?? carrier?.name
  return {
    kind: 'single',
    ...(name === undefined ? {} : { carrier: name }),
    tokens: beside === undefined ? (inside?.tokens ?? []) : together(beside.tokens, inside?.tokens ?? []),
    event: inside === undefined ? event : inside.clean,
  }
}

function batchArrivals(event: Fields, key: BatchInbound['recordsKey']): Arrivals | undefined {
  const records: unknown = event[key]
  if (!Array.isArray(records)) return undefined
  // AWS mixes no sources in one event: the first record that is one speaks for all.
  const first = fieldsOf(records.find((record) => fieldsOf(record) !== undefined))
  const found = first === undefined ? undefined : batchCarrier(first)
  if (found === undefined || found.inbound.recordsKey !== key) return undefined
  const { name: carrier, inbound } = found
  const tokensById = new Map<string, readonly string[]>()
  const problemsById = new Map<string, CountCode>()
  let lone: readonly string[] = []
  const clean = records.map((record: unknown) => {
    const fields = fieldsOf(record)
    if (fields === undefined) return record
    const unloaded = inbound.unload(fields)
    lone = unloaded.tokens
    const id = inbound.idOf(fields)
    if (id !== undefined && unloaded.problem !== undefined) problemsById.set(id, unloaded.problem)
    if (id !== undefined && lone.length > 0) {
      const known = tokensById.get(id)
      tokensById.set(id, known === undefined ? lone : together(known, lone))
    }
    return unloaded.clean
  })
  const stripped = { ...event, [key]: clean }
  if (inbound.alwaysAlone && records.length === 1) return { kind: 'single', carrier, tokens: lone, event: stripped }
  return { kind: 'batch', carrier, tokensById, problemsById, idOf: inbound.idOf, event: stripped }
}

/** What came with one record, when it is handed over alone. */
export function recordArrival(
  record: unknown,
): { carrier: string; tokens: readonly string[]; problem?: CountCode; record: unknown } | undefined {
  const fields = fieldsOf(record)
  const carrier = fields === undefined ? undefined : batchCarrier(fields)
  if (fields === undefined || carrier === undefined) return undefined
  const { tokens, problem, clean } = carrier.inbound.unload(fields)
  return { carrier: carrier.name, tokens, ...(problem === undefined ? {} : { problem }), record: clean }
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
