import { WaybillError } from '../errors.ts'
import { type KeyRing, SIGNATURE_LENGTH } from '../keys.ts'
import type { EvaluationContext } from '../source.ts'
import { canonicalKey } from '../subject.ts'
import { escapeText, parseSeconds, unescapeText, WIRE_TEXT } from './format-1.ts'
import type { Refusal } from './open.ts'

/*
 * Override format 1, specified in docs/wire-format.md:
 *
 *   wbo1.<key id>.<issued at>.<expires at>.<subject>.<entries>.<signature>
 *
 * No values and no reasons: a tester names variations, the edge's own declarations say what they are.
 */
export const OVERRIDE_PREFIX = 'wbo1'
const MAX_OVERRIDE_BYTES = 2048
const MAX_LIFE_SECONDS = 86_400
/** Clocks differ: a token from the near future is one of now. */
const MAX_SKEW_SECONDS = 60

/** A tester's override: whose it is, what it decides, and for how long. */
export type OverrideInput = (
  | { readonly context: EvaluationContext }
  /** As `canonicalKey` makes it of a context. */
  | { readonly subjectKey: string }
) & {
  /** Flag -> the variation's declared name. */
  readonly decisions: Readonly<Record<string, string>>
  /** At most 86,400: a day. */
  readonly ttlSeconds: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
}

/**
 * Seals an override token for one tester, to be sent in `x-waybill` to an edge that has `overrides`. A bearer secret:
 * whoever sends it for this subject is the tester. Throws `bad_option` for what cannot be sealed, `bad_key` for a ring
 * that cannot sign or has no subject secret.
 *
 * @example
 * ```ts
 * const secret = Buffer.alloc(32, 7)
 * const ring = keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret })
 * const token = sealOverride(
 *   { context: { key: 'tester-1' }, decisions: { 'new-order-flow': 'canary' }, ttlSeconds: 3600 },
 *   ring,
 * )
 * token.startsWith('wbo1.k1.') // true
 * ```
 */
export function sealOverride(input: OverrideInput, keys: KeyRing): string {
  const { decisions, ttlSeconds, nowMs = Date.now } = input
  const { signer } = keys
  if (signer === undefined) throw new WaybillError('bad_key', 'An override needs a key that signs')
  const key = 'context' in input ? canonicalKey(input.context) : input.subjectKey
  if (typeof key !== 'string' || key === '') throw bad('needs a subject: a context with a key')
  const subject = keys.fingerprint(key)
  if (subject === undefined) throw new WaybillError('bad_key', 'An override needs a ring with a subjectSecret')
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_LIFE_SECONDS) {
    throw bad(`lives 1 to ${MAX_LIFE_SECONDS} whole seconds, not ${ttlSeconds}`)
  }
  const entries = Object.entries(decisions).map(([flag, variation]) => {
    if (!isName(flag) || !isName(variation)) throw bad(`names a variation for each flag, "${flag}" has none`)
    return `${escapeText(flag)}:${escapeText(variation)}`
  })
  if (entries.length === 0) throw bad('decides at least one flag')
  const issued = Math.floor(nowMs() / 1000)
  const times = `${issued.toString(36)}.${(issued + ttlSeconds).toString(36)}`
  const signed = `${OVERRIDE_PREFIX}.${signer.id}.${times}.${subject}.${entries.join('~')}`
  if (signed.length + 1 + SIGNATURE_LENGTH > MAX_OVERRIDE_BYTES) throw bad('decides more than fits into 2,048 bytes')
  return `${signed}.${signer.sign('override', signed)}`
}

const isName = (text: unknown): boolean => typeof text === 'string' && text !== '' && text.isWellFormed()
const bad = (what: string): WaybillError => new WaybillError('bad_option', `sealOverride: an override ${what}`)

export interface OverrideExpectations {
  readonly nowSeconds: number
  /** The fingerprint of the request's own subject. Without one no override is believed. */
  readonly subject: string | undefined
}

/** Flag -> variation; nothing of it is checked against any declaration. */
export type OpenedOverride = { readonly decisions: ReadonlyMap<string, string> } | { readonly refusal: Refusal }

/** Whether a text claims to be an override. */
export function isOverride(token: string): boolean {
  return token.startsWith(`${OVERRIDE_PREFIX}.`)
}

/** The whole of the grammar; each character can be matched in one way only, so it is linear. */
const OVERRIDE =
  /^(wbo1\.([A-Za-z0-9]{1,16}|-)\.([0-9a-z]{1,9})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{1,64})\.(.*))\.([A-Za-z0-9_-]*)$/

/** Verifies and reads an override. Never throws: what it does not believe it names. */
export function openOverride(token: string, keys: KeyRing, expect: OverrideExpectations): OpenedOverride {
  if (token.length > MAX_OVERRIDE_BYTES) return { refusal: 'oversize' }
  const parts = WIRE_TEXT.test(token) ? OVERRIDE.exec(token) : null
  if (parts === null) return { refusal: 'malformed' }
  const [, signed = '', keyId = '', issued = '', expires = '', subject = '', body = '', signature = ''] = parts
  const issuedAt = parseSeconds(issued)
  const expiresAt = parseSeconds(expires)
  if (issuedAt === undefined || expiresAt === undefined) return { refusal: 'malformed' }
  if (keys.empty) return { refusal: 'no_keys' }
  const key = keys.verifier(keyId)
  if (key === undefined) return { refusal: 'unknown_key' }
  if (!key.verify('override', signed, signature)) return { refusal: 'bad_signature' }
  const decisions = readEntries(body)
  if (decisions === undefined) return { refusal: 'malformed' }
  if (expect.subject === undefined || subject !== expect.subject) return { refusal: 'wrong_subject' }
  const { nowSeconds } = expect
  // A longer life is not one of ours, and one that begins later would be a key put by for another day.
  const isNow = issuedAt <= nowSeconds + MAX_SKEW_SECONDS && nowSeconds < expiresAt
  if (!isNow || expiresAt - issuedAt > MAX_LIFE_SECONDS) return { refusal: 'expired' }
  return { decisions }
}

function readEntries(body: string): ReadonlyMap<string, string> | undefined {
  const decisions = new Map<string, string>()
  for (const entry of body.split('~')) {
    const [flagText, variationText, ...more] = entry.split(':')
    if (!flagText || !variationText || more.length > 0) return undefined
    const flag = unescapeText(flagText)
    const variation = unescapeText(variationText)
    if (flag === undefined || variation === undefined || decisions.has(flag)) return undefined
    decisions.set(flag, variation)
  }
  return decisions
}
