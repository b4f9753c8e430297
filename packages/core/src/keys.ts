import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { WaybillError } from './errors.ts'

/** What a signature is for: a token signed for one purpose never verifies for another. */
export type Purpose = 'decisions' | 'override'

/** One key of a ring. The secret stays inside. */
export interface TokenKey {
  readonly id: string
  sign(purpose: Purpose, text: string): string
  verify(purpose: Purpose, text: string, signature: string): boolean
}

/** One key signs, several verify; a stable secret of its own makes subjects' fingerprints, and survives rotation. */
export interface KeyRing {
  readonly signer: TokenKey | undefined
  verifier(id: string): TokenKey | undefined
  /** True when it can neither sign nor verify. */
  readonly empty: boolean
  /** The subject's fingerprint for its canonical key: 16 characters, or `undefined` without a subject secret. */
  fingerprint(canonicalKey: string): string | undefined
}

/** A secret of at least 32 bytes: raw, or as base64 or base64url text (`openssl rand -base64 32`). */
export interface KeyInput {
  /** 1 to 16 letters and digits: travels in clear with each token. */
  readonly id: string
  readonly secret: string | Uint8Array
}

export interface KeyRingInput {
  readonly signing?: KeyInput
  readonly verifying?: readonly KeyInput[]
  readonly subjectSecret?: string | Uint8Array
}

/** HMAC-SHA-256, truncated to 132 bits (22 base64url characters): RFC 2104 section 5 asks for at least half, 128. */
export const SIGNATURE_LENGTH = 22
const FINGERPRINT_LENGTH = 16
const MIN_SECRET_BYTES = 32
/** Checked before it is compared: bytes of the same length, and nothing that becomes them by cutting characters short. */
const SIGNATURE = /^[A-Za-z0-9_-]{22}$/
const KEY_ID = /^[A-Za-z0-9]{1,16}$/
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/

/**
 * Makes a ring. Throws `bad_key` for a bad id, a short secret or an id used twice. Without `signing` nothing is
 * stamped (counted as `no_keys`); to rotate, add the new key to `verifying` everywhere, wait, swap the two, wait, retire.
 *
 * @example
 * ```ts
 * const secret = Buffer.alloc(32, 7)
 * const keys = keyRing({ signing: { id: 'k2', secret }, verifying: [], subjectSecret: secret })
 * keys.signer?.id // 'k2'
 * ```
 */
export function keyRing(input: KeyRingInput): KeyRing {
  const inputs = [...(input.signing === undefined ? [] : [input.signing]), ...(input.verifying ?? [])]
  const byId = new Map<string, TokenKey>()
  for (const one of inputs) {
    if (byId.has(one.id)) throw new WaybillError('bad_key', `Key id "${one.id}" is used twice: give each key its own`)
    byId.set(one.id, hmacKey(one, one === input.signing ? 'signing' : 'verifying'))
  }
  const subjectKey =
    input.subjectSecret === undefined ? undefined : createSecretKey(secretBytes('subject secret', input.subjectSecret))
  return {
    signer: input.signing === undefined ? undefined : byId.get(input.signing.id),
    verifier: (id) => byId.get(id),
    empty: byId.size === 0,
    fingerprint: (canonicalKey) =>
      subjectKey &&
      createHmac('sha256', subjectKey)
        .update(`waybill:subject:1\n${canonicalKey}`)
        .digest('base64url')
        .slice(0, FINGERPRINT_LENGTH),
  }
}

/**
 * The ring that the environment describes: `WAYBILL_KEYS` = `id:secret,id:secret` (the first signs, all verify) and
 * `WAYBILL_SUBJECT_SECRET`. Empty without them. Throws `bad_key` for what it cannot read, without quoting it.
 */
export function keysFromEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): KeyRing {
  const parts = (env['WAYBILL_KEYS'] ?? '').split(',').filter((part) => part.trim() !== '')
  const [signing, ...verifying] = parts.map((part, index) => {
    const [id, secret, ...more] = part.trim().split(':')
    if (id === undefined || secret === undefined || more.length > 0) {
      throw new WaybillError('bad_key', `Entry ${index + 1} of WAYBILL_KEYS is not "id:secret"`)
    }
    return { id, secret }
  })
  const subjectSecret = env['WAYBILL_SUBJECT_SECRET']
  return keyRing({
    ...(signing === undefined ? {} : { signing }),
    verifying,
    ...(subjectSecret === undefined || subjectSecret === '' ? {} : { subjectSecret }),
  })
}

/**
 * No signature at all: for a laptop and for tests that look at tokens, never for anything that strangers can reach.
 * A signing ring refuses what this one seals (`unknown_key`), and this one believes everybody.
 */
export function unsignedKeysForLocalUse(): KeyRing {
  const key: TokenKey = { id: '-', sign: () => '', verify: (_purpose, _text, signature) => signature === '' }
  return {
    signer: key,
    verifier: (id) => (id === '-' ? key : undefined),
    empty: false,
    fingerprint: (canonicalKey) => Buffer.from(canonicalKey).toString('base64url').slice(0, FINGERPRINT_LENGTH),
  }
}

function hmacKey({ id, secret }: KeyInput, role: 'signing' | 'verifying'): TokenKey {
  // A bad id is not quoted: where the two were swapped, it is the secret.
  if (typeof id !== 'string' || !KEY_ID.test(id)) {
    throw new WaybillError('bad_key', `The id of a ${role} key must be 1 to 16 letters and digits`)
  }
  const key = createSecretKey(secretBytes(`key "${id}"`, secret))
  const sign = (purpose: Purpose, text: string): string =>
    createHmac('sha256', key).update(`waybill:${purpose}:1\n${text}`).digest('base64url').slice(0, SIGNATURE_LENGTH)
  return {
    id,
    sign,
    verify: (purpose, text, signature) =>
      SIGNATURE.test(signature) && timingSafeEqual(Buffer.from(sign(purpose, text)), Buffer.from(signature)),
  }
}

function secretBytes(what: string, secret: string | Uint8Array): Uint8Array {
  if (typeof secret === 'string' && !BASE64.test(secret)) {
    throw new WaybillError('bad_key', `The ${what} is not base64: make one with "openssl rand -base64 32"`)
  }
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'base64') : secret
  if (!(bytes instanceof Uint8Array)) throw new WaybillError('bad_key', `The ${what} must be base64 text or bytes`)
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new WaybillError('bad_key', `The ${what} has ${bytes.length} bytes, at least ${MIN_SECRET_BYTES} are needed`)
  }
  return bytes
}
