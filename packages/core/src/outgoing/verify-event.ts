import { fieldsOf, textOf } from '../carriers/carrier.ts'
import { BODY_KEY } from '../carriers/json-splice.ts'
import { WaybillError } from '../errors.ts'
import { type KeySource, keySourceOf, ringOf } from '../key-source.ts'
import type { KeyRing } from '../keys.ts'
import { processLedger } from '../ledger.ts'
import { ambientScope } from '../scope.ts'
import { openToken, type Refusal } from '../token/open.ts'
import { CarriedWaybill } from '../token/originals.ts'
import type { Waybill } from '../waybill.ts'
import { DECISIONS_KEY } from './event.ts'

export interface VerifyEventOptions {
  /** Default: those of the current scope. */
  readonly keys?: KeyRing | KeySource
  /** Whom the token must be meant for. Default: the current scope's. */
  readonly audience?: string
  /** The fingerprint of the subject whose event it must be. */
  readonly subject?: string
  /** Refuse events decided longer ago. Default: no limit. */
  readonly maxAgeSeconds?: number
  /** What to do with an event that is not believed: say so (the default), or throw `refused`. */
  readonly onRefused?: 'report' | 'throw'
  /** Milliseconds since the epoch. Default: the current scope's clock, else `Date.now`. */
  readonly nowMs?: () => number
}

/** The event as it was before it was stamped, and its decisions; or why they are not believed. */
export type VerifiedEvent<T> = { readonly event: Omit<T, typeof DECISIONS_KEY | typeof BODY_KEY> } & (
  | { readonly waybill: Waybill; readonly refusal?: never }
  | { readonly waybill?: never; readonly refusal: EventRefusal }
)

/** `claim_mismatch`: the readable block says other than the token. */
export type EventRefusal = Refusal | 'no_token' | 'claim_mismatch'

/**
 * Checks an event that `stampEvent` made: its token is authentic, and its readable `_decisions` say of every flag what
 * the token says, no more and no less. An event without the block claims nothing. Where the event's carrier brought the
 * token, the lifecycle has taken it out already, and the current scope's is used. A refusal is counted. Throws `refused`
 * only with `onRefused: 'throw'`.
 *
 * @example
 * ```ts
 * const { event, waybill, refusal } = verifyEvent({ orderId: 'o-1', _decisions: {} }, { keys })
 * refusal // 'no_token'
 * ```
 */
export function verifyEvent<T extends object>(stamped: T, options: VerifyEventOptions = {}): VerifiedEvent<T> {
  const { [DECISIONS_KEY]: claims, [BODY_KEY]: text, ...rest } = stamped as Stamped
  const event = rest as Unstamped<T>
  const hasText = Object.hasOwn(stamped, BODY_KEY)
  const opened = opens(hasText ? (textOf(text) ?? '') : ambientText(), options)
  const refusal =
    'refusal' in opened ? opened.refusal : disagrees(claims, opened.waybill) ? 'claim_mismatch' : undefined
  if (refusal === undefined && 'waybill' in opened) return { event, waybill: opened.waybill }
  const refused = refusal ?? 'malformed'
  const ledger = ambientScope() ?? processLedger
  ledger.count(refused)
  if (options.onRefused === 'throw') {
    throw new WaybillError('refused', `The event was refused (${refused}), and the policy is "throw"`)
  }
  return { event, refusal: refused }
}

interface Stamped {
  readonly [DECISIONS_KEY]?: unknown
  readonly [BODY_KEY]?: unknown
}

type Unstamped<T> = Omit<T, keyof Stamped>

/** The token that came beside the event. What was decided here proves nothing about an event that came without one. */
function ambientText(): string | undefined {
  const waybill = ambientScope()?.waybill()
  return waybill && CarriedWaybill.textOf(waybill)
}

function opens(
  text: string | undefined,
  { keys, audience, subject, maxAgeSeconds, nowMs }: VerifyEventOptions,
): { readonly waybill: Waybill } | { readonly refusal: EventRefusal } {
  if (text === undefined) return { refusal: 'no_token' }
  const settings = ambientScope()?.settings
  const ring = keys === undefined ? settings?.keys : ringFrom(keys)
  if (ring === undefined) return { refusal: 'no_keys' }
  const expected = audience ?? settings?.audience
  return openToken(text, ring, {
    nowSeconds: Math.floor((nowMs ?? settings?.nowMs ?? Date.now)() / 1000),
    ...(expected === undefined ? {} : { audience: expected }),
    ...(subject === undefined ? {} : { subject }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  })
}

function ringFrom(keys: KeyRing | KeySource): KeyRing {
  const source = keySourceOf(keys, 'verifyEvent')
  return source === undefined ? (keys as KeyRing) : ringOf(source)
}

function disagrees(claims: unknown, { decisions }: Waybill): boolean {
  if (claims === undefined) return false
  const claimed = fieldsOf(claims)
  if (claimed === undefined || Array.isArray(claimed)) return true
  const flags = Object.keys(claimed)
  if (flags.length !== decisions.size) return true
  return flags.some((flag) => {
    const claim = fieldsOf(claimed[flag])
    const decision = decisions.get(flag)
    return (
      claim?.['variation'] !== decision?.variation ||
      claim?.['version'] !== decision?.version ||
      claim?.['reason'] !== decision?.reason ||
      decision === undefined
    )
  })
}
