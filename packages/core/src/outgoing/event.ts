import { BODY_KEY } from '../carriers/json-splice.ts'
import type { Reason } from '../decision.ts'
import { ambientScope } from '../scope.ts'
import { decodeEntry, splitToken } from '../token/format-1.ts'
import { entryTexts } from '../token/originals.ts'

/** The key of the readable block, for analytics. */
export const DECISIONS_KEY = '_decisions'

/** One flag's outcome, readable without a key: a claim, where the token beside it is the proof. */
export interface ReadableDecision {
  readonly variation: string
  readonly version: number
  readonly reason: Reason
}

export type StampedEvent<T> = T & {
  readonly [DECISIONS_KEY]?: Readonly<Record<string, ReadableDecision>>
  readonly [BODY_KEY]?: string
}

/** Bytes of an event's token: a domain event is stored, so it takes no more than a token's default budget. */
const ROOM_BYTES = 2048

/**
 * Stamps an order or domain event by hand, wherever it goes next: a readable block `_decisions` for analytics, and the
 * token `_waybill` beside it; `verifyEvent` checks both. The event itself is not changed; without a waybill it comes back
 * as it is.
 *
 * @example
 * ```ts
 * const event = stampEvent({ type: 'order_placed', orderId: 'o-1' })
 * // { type, orderId, _decisions: { 'new-order-flow': { variation: 'canary', version: 7, reason: 'FALLTHROUGH' } }, _waybill: 'wb1...' }
 * ```
 */
export function stampEvent<T extends object>(event: T): StampedEvent<T> {
  const stamper = ambientScope()?.stamper()
  const waybill = stamper?.waybill()
  if (stamper === undefined || waybill === undefined) return event
  if (Object.hasOwn(event, BODY_KEY)) {
    stamper.count('already_stamped')
    return event
  }
  const token = stamper.tokenFor(ROOM_BYTES)
  const proven = token === undefined ? undefined : flagsIn(token)
  const decisions: [string, ReadableDecision][] = []
  for (const { flag, variation, version, reason } of waybill.decisions.values()) {
    // What was shed from the token is not claimed either: nothing would prove it.
    if (proven?.has(flag) !== false) decisions.push([flag, { variation, version, reason }])
  }
  const readable = Object.fromEntries(decisions)
  return { ...event, [DECISIONS_KEY]: readable, ...(token === undefined ? {} : { [BODY_KEY]: token }) }
}

function flagsIn(token: string): ReadonlySet<string> | undefined {
  const parts = splitToken(token)
  return parts && new Set(entryTexts(parts.body).map((entry) => decodeEntry(entry, 0)?.flag ?? ''))
}
