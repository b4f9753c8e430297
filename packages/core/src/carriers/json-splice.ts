import { isPlainObject, parseJson } from '../json.ts'

/*
 * A token in a JSON text that is somebody else's: put in and taken out by cutting text, so that every other byte stays
 * as it was (numbers too large for JavaScript, the order of keys, white space, a trailing newline).
 *
 * Texts here are strings whose structure is ASCII: UTF-8 text, or bytes read as latin1.
 */

/** The key that holds a token in a body. */
export const BODY_KEY = '_waybill'
const QUOTED_KEY = `"${BODY_KEY}"`

/** Bytes that a token costs beside its own length. */
export const BODY_OVERHEAD_BYTES: number = `,${QUOTED_KEY}:""`.length

/** Where a token can be spliced in; or why not. */
export function spliceable(text: string): 'already_stamped' | 'uncarried' | undefined {
  const parsed = parseJson(text)
  // One JSON object and nothing else: several in one text (NDJSON) do not parse, and are not ours to cut.
  if (!isPlainObject(parsed)) return 'uncarried'
  return Object.hasOwn(parsed, BODY_KEY) ? 'already_stamped' : undefined
}

/** Puts the token in as the last key. `text` must be `spliceable`. */
export function spliceIn(text: string, token: string): string {
  const end = text.lastIndexOf('}')
  const empty = text.slice(0, end).trimEnd().endsWith('{')
  return `${text.slice(0, end)}${empty ? '' : ','}${QUOTED_KEY}:"${token}"${text.slice(end)}`
}

/** Takes the token out of an object, or of an object at `path` within it. */
export function spliceOut(text: string, path: readonly string[] = []): { tokens: readonly string[]; clean: string } {
  const tokens: string[] = []
  let clean = text
  // Two are enough to tell that none is to be believed; more would make hostile texts slow.
  while (tokens.length < 2 && clean.includes(QUOTED_KEY)) {
    const member = findMember(clean, path)
    if (member === undefined) break
    const value = parseJson(clean.slice(member.valueStart, member.valueEnd))
    tokens.push(typeof value === 'string' ? value : '')
    clean = cut(clean, member)
  }
  return { tokens, clean }
}

interface Member {
  readonly keyStart: number
  readonly valueStart: number
  readonly valueEnd: number
}

function findMember(text: string, path: readonly string[]): Member | undefined {
  let start = skipSpace(text, 0)
  for (const key of path) {
    const inside = memberOf(text, start, `"${key}"`)
    if (inside === undefined) return undefined
    start = inside.valueStart
  }
  return memberOf(text, start, QUOTED_KEY)
}

/** Finds a key of the object that starts at `start`, by walking its members. Linear; never throws on what is not JSON. */
function memberOf(text: string, start: number, quotedKey: string): Member | undefined {
  if (text[start] !== '{') return undefined
  let at = skipSpace(text, start + 1)
  while (at < text.length && text[at] !== '}') {
    if (text[at] !== '"') return undefined
    const keyEnd = skipString(text, at)
    const colon = skipSpace(text, keyEnd)
    if (text[colon] !== ':') return undefined
    const valueStart = skipSpace(text, colon + 1)
    const valueEnd = skipValue(text, valueStart)
    if (keyEnd - at === quotedKey.length && text.startsWith(quotedKey, at))
      return { keyStart: at, valueStart, valueEnd }
    at = skipSpace(text, valueEnd)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return undefined
}

function cut(text: string, { keyStart, valueEnd }: Member): string {
  let start = keyStart
  while (start > 0 && isSpace(text.charCodeAt(start - 1))) start -= 1
  if (text[start - 1] === ',') return text.slice(0, start - 1) + text.slice(valueEnd)
  const after = skipSpace(text, valueEnd)
  return text.slice(0, keyStart) + text.slice(text[after] === ',' ? skipSpace(text, after + 1) : valueEnd)
}

function skipValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return skipString(text, start)
  let at = start
  let depth = 0
  for (; at < text.length; at += 1) {
    const char = text[at]
    if (char === '"') {
      at = skipString(text, at) - 1
    } else if (char === '{' || char === '[') {
      depth += 1
    } else if (char === '}' || char === ']') {
      depth -= 1
      if (depth <= 0) return depth === 0 ? at + 1 : at
    } else if (depth === 0 && (char === ',' || isSpace(text.charCodeAt(at)))) {
      return at
    }
  }
  return at
}

/** The index after the string that starts at `start`. */
function skipString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes += 1
    if (backslashes % 2 === 0) return end + 1
    end = text.indexOf('"', end + 1)
  }
  return text.length
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (isSpace(text.charCodeAt(at))) at += 1
  return at
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
