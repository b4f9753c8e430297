import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import type { Decision, Reason } from '../decision.ts'
import { canonicalJson, isJson, type JsonValue, parseJson } from '../json.ts'

/*
 * Format 1, specified in docs/wire-format.md:
 *
 *   wb1.<key id>.<decided at>.<subject>.<extras>.<entries>.<signature>
 *
 * A dot never stands in the first five parts nor in the signature, so dots in entries need no escape. Entries are joined
 * by "~", an entry's fields by ":"; all else outside [A-Za-z0-9._-] is percent-encoded UTF-8.
 */
export const PREFIX = 'wb1'
export const MAX_FLAGS = 128
/**
 * The characters of every format, now and later. Also a newer format's text, which is passed on unread, can thus be
 * written into a header, an attribute or a JSON string as it is: no line break, no quote, nothing that needs an escape.
 */
export const WIRE_TEXT: RegExp = /^[A-Za-z0-9._~:%=-]+$/

/** A value whose encoded form is longer than this travels as a digest; the declared flag holds the value itself. */
const MAX_INLINE_LENGTH = 128
const DIGEST_LENGTH = 22

const LETTER_OF_REASON: Readonly<Record<Reason, string>> = {
  OFF: 'o',
  FALLTHROUGH: 'f',
  TARGET_MATCH: 't',
  RULE_MATCH: 'r',
  PREREQUISITE_FAILED: 'p',
  ERROR: 'e',
  DEFAULT: 'd',
  OVERRIDE: 'v',
  RECALL: 'c',
  PROVIDER: 's',
}
const REASON_OF_LETTER: Readonly<Record<string, Reason>> = Object.fromEntries(
  Object.entries(LETTER_OF_REASON).map(([reason, letter]) => [letter, reason as Reason]),
)

/** A letter of a newer version is some other system's own reason. */
export function reasonOfLetter(letter: string): Reason {
  return REASON_OF_LETTER[letter] ?? 'PROVIDER'
}

/** The parts of a token, before anything is believed. `signed` is what the signature covers. */
export interface TokenParts {
  readonly keyId: string
  readonly decidedAtSeconds: number
  readonly subject: string
  readonly extras: readonly string[]
  /** The entries as they stand, not yet taken apart. */
  readonly body: string
  readonly signed: string
  readonly signature: string
}

/** Splits a token of this format; `undefined` when it is not one. The caller has capped its length. */
export function splitToken(text: string): TokenParts | undefined {
  const keyEnd = text.indexOf('.', PREFIX.length + 1)
  const timeEnd = text.indexOf('.', keyEnd + 1)
  const subjectEnd = text.indexOf('.', timeEnd + 1)
  const extrasEnd = text.indexOf('.', subjectEnd + 1)
  const signedEnd = text.lastIndexOf('.')
  // One comparison covers all: an indexOf that failed is -1, and starts the search anew from 0.
  if (
    !(
      keyEnd > PREFIX.length &&
      timeEnd > keyEnd &&
      subjectEnd > timeEnd &&
      extrasEnd > subjectEnd &&
      signedEnd > extrasEnd
    )
  ) {
    return undefined
  }
  const decidedAtSeconds = parseSeconds(text.slice(keyEnd + 1, timeEnd))
  if (decidedAtSeconds === undefined) return undefined
  const subject = text.slice(timeEnd + 1, subjectEnd)
  if (!SUBJECT.test(subject)) return undefined
  const extras = text.slice(subjectEnd + 1, extrasEnd)
  return {
    keyId: text.slice(PREFIX.length + 1, keyEnd),
    decidedAtSeconds,
    subject,
    extras: extras === '' ? [] : extras.split('~'),
    body: text.slice(extrasEnd + 1, signedEnd),
    signed: text.slice(0, signedEnd),
    signature: text.slice(signedEnd + 1),
  }
}

/** The text that is signed: everything before the last dot. */
export function joinToken(head: {
  readonly keyId: string
  readonly decidedAtSeconds: number
  readonly subject: string
  readonly extras: readonly string[]
  readonly entries: readonly string[]
}): string {
  const { keyId, decidedAtSeconds, extras, entries } = head
  // What is no fingerprint is left out: a dot in it would end its part, and begin the next with somebody's own text.
  const subject = SUBJECT.test(head.subject) ? head.subject : ''
  return `${PREFIX}.${keyId}.${decidedAtSeconds.toString(36)}.${subject}.${extras.join('~')}.${entries.join('~')}`
}

/** What the extras mean to this version: whom the token is for, and how many decisions were shed. */
export function decodeExtras(
  extras: readonly string[],
): { readonly audience: string | undefined; readonly droppedCount: number } | undefined {
  let audience: string | undefined
  let droppedCount: number | undefined
  for (const extra of extras) {
    const rest = extra.slice(1)
    if (extra.startsWith('a')) {
      if (audience !== undefined) return undefined
      audience = unescapeText(rest)
      if (audience === undefined) return undefined
    } else if (extra.startsWith('d')) {
      if (droppedCount !== undefined) return undefined
      droppedCount = parseCount(rest)
      if (droppedCount === undefined) return undefined
    }
  }
  return { audience, droppedCount: droppedCount ?? 0 }
}

export function encodeEntry(decision: Decision, tokenSeconds: number): string {
  const { flag, variation, value, reason, bucketed, inExperiment, track, digest } = decision
  // A source's odd version must not make the whole token unreadable.
  const version = parseCount(String(decision.version)) ?? 0
  const carried = digest === undefined ? encodeValue(value, variation) : `h${digest}`
  const bits = `${bucketed ? 'b' : ''}${inExperiment ? 'x' : ''}${track ? 'k' : ''}`
  const entry = `${escapeText(flag)}:${escapeText(variation)}:${carried}:${version}:${LETTER_OF_REASON[reason]}${bits}`
  return decision.decidedAtSeconds === tokenSeconds ? entry : `${entry}:i${decision.decidedAtSeconds.toString(36)}`
}

/** Reads one entry; `undefined` when it is malformed. Bits, letters and fields that it does not know are passed over. */
export function decodeEntry(entry: string, tokenSeconds: number): Decision | undefined {
  const fields = entry.split(':')
  const [flagText, variationText, carried, versionText, why] = fields
  if (!flagText || !variationText || !carried || !versionText || !why) return undefined
  const flag = unescapeText(flagText)
  const variation = unescapeText(variationText)
  const version = parseCount(versionText)
  if (flag === undefined || variation === undefined || version === undefined) return undefined
  const digest = carried.startsWith('h') ? carried.slice(1) : undefined
  if (digest !== undefined && !DIGEST.test(digest)) return undefined
  const value = digest === undefined ? decodeValue(carried, variation) : null
  const time = fields.length === 5 ? undefined : fields.find((field, index) => index > 4 && field.startsWith('i'))
  const decidedAtSeconds = time === undefined ? tokenSeconds : parseSeconds(time.slice(1))
  if (value === undefined || decidedAtSeconds === undefined) return undefined
  // A token's time is its oldest decision's: an entry without a time of its own keeps it when the token is sealed anew.
  if (decidedAtSeconds < tokenSeconds) return undefined
  const decision: Decision = {
    flag,
    variation,
    value,
    version,
    reason: reasonOfLetter(why.charAt(0)),
    origin: 'propagated',
    decidedAtSeconds,
    bucketed: why.includes('b', 1),
    inExperiment: why.includes('x', 1),
    track: why.includes('k', 1),
  }
  return digest === undefined ? decision : { ...decision, digest }
}

/** An entry's text, moved into a token of another time: its own time is then written out, once. */
export function entryWithTime(entry: string, fromSeconds: number, toSeconds: number): string {
  if (fromSeconds === toSeconds || entry.split(':').some((field, index) => index > 4 && field.startsWith('i')))
    return entry
  return `${entry}:i${fromSeconds.toString(36)}`
}

/** The digest under which a large value travels: over its canonical JSON, so that the order of keys is no difference. */
export function valueDigest(value: JsonValue): string {
  return hash('sha256', canonicalJson(value), 'base64url').slice(0, DIGEST_LENGTH)
}

function encodeValue(value: JsonValue, variation: string): string {
  if (value === true) return 't'
  if (value === false) return 'f'
  if (value === null) return 'n'
  if (value === variation) return '='
  let inline: string
  if (typeof value === 'number') inline = Number.isFinite(value) ? `d${escapeText(String(value))}` : 'n'
  else if (typeof value === 'string') inline = `s${escapeText(value)}`
  else inline = `j${Buffer.from(canonicalJson(value)).toString('base64url')}`
  return inline.length > MAX_INLINE_LENGTH ? `h${valueDigest(value)}` : inline
}

function decodeValue(carried: string, variation: string): JsonValue | undefined {
  if (carried === 't') return true
  if (carried === 'f') return false
  if (carried === 'n') return null
  if (carried === '=') return variation
  const rest = carried.slice(1)
  switch (carried.charAt(0)) {
    case 's':
      return unescapeText(rest)
    case 'j':
      return decodeJson(rest)
    case 'd': {
      const text = rest.replaceAll('%2B', '+')
      const number = NUMBER.test(text) ? Number(text) : Number.NaN
      return Number.isFinite(number) ? number : undefined
    }
    default:
      return undefined
  }
}

/** Objects and arrays. The bits that base64url leaves over are zero (RFC 4648 section 3.5): one text for one value. */
function decodeJson(text: string): JsonValue | undefined {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text || !isUtf8(bytes)) return undefined
  const value = parseJson(bytes.toString())
  return typeof value === 'object' && value !== null && isJson(value) ? value : undefined
}

const PLAIN = /^[A-Za-z0-9._-]*$/
const ESCAPED = /^(?:[A-Za-z0-9._-]|%[0-9A-F]{2})*$/

export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*~]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

export function unescapeText(text: string): string | undefined {
  if (PLAIN.test(text)) return text
  if (!ESCAPED.test(text)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const SUBJECT = /^[A-Za-z0-9_-]{0,64}$/
const DIGEST = /^[A-Za-z0-9_-]{22}$/
/** RFC 8259 section 6: what JSON calls a number, which is less than `Number` takes. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/
/** Fifteen digits: exact in every language's double. */
const COUNT = /^(?:0|[1-9][0-9]{0,14})$/
const SECONDS = /^(?:0|[1-9a-z][0-9a-z]{0,8})$/

function parseCount(text: string): number | undefined {
  return COUNT.test(text) ? Number(text) : undefined
}

export function parseSeconds(text: string): number | undefined {
  return SECONDS.test(text) ? Number.parseInt(text, 36) : undefined
}
