import type { Decision } from '../decision.ts'
import type { KeyRing } from '../keys.ts'
import { type Waybill, waybillOf } from '../waybill.ts'
import { decodeEntry, decodeExtras, MAX_FLAGS, PREFIX, splitToken, type TokenParts, WIRE_TEXT } from './format-1.ts'
import { CarriedWaybill, entryTexts } from './originals.ts'
import { decodePlainEntries } from './plain-entries.ts'
import { MAX_TOKEN_BYTES } from './seal.ts'

/** Why a token was not believed. Each is a count code of the ledger. */
export type Refusal =
  | 'bad_signature'
  | 'unknown_key'
  | 'no_keys'
  | 'expired'
  | 'wrong_audience'
  | 'wrong_subject'
  | 'oversize'
  | 'malformed'
  | 'duplicate'
  | 'unknown_format'

/** What the receiver demands beyond authenticity; checked each time, also for a token seen before. */
export interface Expectations {
  readonly nowSeconds?: number
  /** Refuse tokens decided longer ago. Default: no limit. */
  readonly maxAgeSeconds?: number
  /** Who we are. A token for somebody else, or for nobody when this is given, is refused. */
  readonly audience?: string
  /** The fingerprint of the subject that this request is about; another's token is refused. */
  readonly subject?: string
}

export type OpenedToken = { readonly waybill: Waybill } | { readonly refusal: Refusal }

/**
 * Verifies and reads a token. Never throws: what it does not believe it names.
 *
 * @example
 * ```ts
 * const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
 * openToken('wb1.k1.tou41e...f:on:t:1:f.aaaaaaaaaaaaaaaaaaaaaa', keys) // { refusal: 'bad_signature' }
 * ```
 */
export function openToken(token: string, keys: KeyRing, expect: Expectations = {}): OpenedToken {
  if (typeof token !== 'string') return { refusal: 'malformed' }
  if (token.length > MAX_TOKEN_BYTES) return { refusal: 'oversize' }
  const known = authentic(token, keys)
  if (typeof known === 'string') return { refusal: known }
  const { waybill, audience } = known
  if (audience !== expect.audience) return { refusal: 'wrong_audience' }
  if (expect.subject !== undefined && waybill.subject !== expect.subject) return { refusal: 'wrong_subject' }
  if (expect.maxAgeSeconds !== undefined) {
    const now = expect.nowSeconds ?? Math.floor(Date.now() / 1000)
    if (now - waybill.decidedAtSeconds > expect.maxAgeSeconds) return { refusal: 'expired' }
  }
  return { waybill }
}

interface Authentic {
  readonly waybill: Waybill
  readonly audience: string | undefined
}

/** Tokens already found authentic, per ring: authenticity only, nothing that depends on time, subject or receiver. */
const seen = new WeakMap<KeyRing, Memo>()
/** Two generations: when the younger is full it becomes the older, whose tokens are then forgotten. */
interface Memo {
  young: Map<string, Authentic>
  old: Map<string, Authentic>
}
const MAX_YOUNG = 256

function authentic(token: string, keys: KeyRing): Authentic | Refusal {
  let memo = seen.get(keys)
  if (memo === undefined) {
    memo = { young: new Map(), old: new Map() }
    seen.set(keys, memo)
  }
  const known = memo.young.get(token) ?? memo.old.get(token)
  if (known !== undefined) return known
  const fresh = verify(token, keys)
  if (typeof fresh === 'string') return fresh
  if (memo.young.size >= MAX_YOUNG) {
    memo.old = memo.young
    memo.young = new Map()
  }
  memo.young.set(token, fresh)
  return fresh
}

/** Formats by prefix; a reader ships a release before any writer. */
const VERSIONED = /^wb[1-9][0-9]{0,2}\./

function verify(token: string, keys: KeyRing): Authentic | Refusal {
  if (!WIRE_TEXT.test(token)) return 'malformed'
  if (!token.startsWith(`${PREFIX}.`)) return VERSIONED.test(token) ? 'unknown_format' : 'malformed'
  const parts = splitToken(token)
  if (parts === undefined) return 'malformed'
  if (keys.empty) return 'no_keys'
  const key = keys.verifier(parts.keyId)
  if (key === undefined) return 'unknown_key'
  if (!key.verify('decisions', parts.signed, parts.signature)) return 'bad_signature'
  return read(token, parts)
}

function read(text: string, parts: TokenParts): Authentic | Refusal {
  const { body, extras, decidedAtSeconds } = parts
  const decisions = decodePlainEntries(body, decidedAtSeconds) ?? decodeEntries(body, decidedAtSeconds)
  if (typeof decisions === 'string') return decisions
  if (decisions.size > MAX_FLAGS) return 'oversize'
  const known = decodeExtras(extras)
  if (known === undefined) return 'malformed'
  const waybill = waybillOf(decisions, parts.subject === '' ? undefined : parts.subject, known.droppedCount)
  return { waybill: new CarriedWaybill(waybill, text), audience: known.audience }
}

function decodeEntries(body: string, tokenSeconds: number): ReadonlyMap<string, Decision> | Refusal {
  const entries = entryTexts(body)
  if (entries.length > MAX_FLAGS) return 'oversize'
  const decisions = new Map<string, Decision>()
  for (const entry of entries) {
    const decision = decodeEntry(entry, tokenSeconds)
    if (decision === undefined || decisions.has(decision.flag)) return 'malformed'
    decisions.set(decision.flag, decision)
  }
  return decisions
}
