/*
 * Finds members in a JSON text without parsing it, so that somebody else's text can be cut and not rewritten. Linear and
 * without recursion, whatever the text; what is no JSON object has no members.
 *
 * Texts here are strings whose structure is ASCII: UTF-8 text, or bytes read as latin1.
 */

/** Where a member stands in a text. */
export interface Member {
  readonly keyStart: number
  readonly valueStart: number
  readonly valueEnd: number
}

/** A step into a text: the member of that name, or the first element of a list. */
export type Step = string | typeof FIRST
export const FIRST: 0 = 0

/**
 * The members named last in `names`, of the object that the other steps lead to from the top. A text that holds more
 * than one object (NDJSON) has none: whose they were could not be told.
 */
export function membersAt(text: string, ...names: readonly Step[]): readonly Member[] {
  return walk(text, names, false)
}

/** As `membersAt`, with all members whose names begin with the last of `names`. */
export function membersStartingWith(text: string, ...names: readonly Step[]): readonly Member[] {
  return walk(text, names, true)
}

function walk(text: string, names: readonly Step[], lastIsStart: boolean): readonly Member[] {
  let start = skipSpace(text, 0)
  let found: readonly Member[] = []
  for (const [depth, name] of names.entries()) {
    if (name === FIRST) {
      if (text.charCodeAt(start) !== OPEN_LIST) return []
      start = skipSpace(text, start + 1)
      continue
    }
    const isStart = lastIsStart && depth === names.length - 1
    const object = scanObject(text, start, isStart ? `"${name}` : `"${name}"`, isStart)
    if (object === undefined || (depth === 0 && skipSpace(text, object.end) < text.length)) return []
    found = object.found
    // Of a repeated key, JSON.parse believes the last.
    start = found.at(-1)?.valueStart ?? text.length
  }
  return found
}

/** How many members the object at `start` has. */
export function countMembers(text: string, start: number): number {
  return scanObject(text, start, '""')?.count ?? 0
}

interface ScannedObject {
  readonly found: readonly Member[]
  readonly count: number
  readonly end: number
}

function scanObject(text: string, start: number, quotedKey: string, isStart = false): ScannedObject | undefined {
  if (text.charCodeAt(start) !== OPEN) return undefined
  const found: Member[] = []
  let count = 0
  let at = skipSpace(text, start + 1)
  while (text.charCodeAt(at) === QUOTE) {
    const keyStart = at
    const keyEnd = skipString(text, at)
    const colon = skipSpace(text, keyEnd)
    if (text.charCodeAt(colon) !== COLON) return undefined
    const valueStart = skipSpace(text, colon + 1)
    const valueEnd = skipValue(text, valueStart)
    if (valueEnd === valueStart) return undefined
    count += 1
    if ((isStart || keyEnd - keyStart === quotedKey.length) && text.startsWith(quotedKey, keyStart)) {
      found.push({ keyStart, valueStart, valueEnd })
    }
    at = skipSpace(text, valueEnd)
    if (text.charCodeAt(at) !== COMMA) break
    at = skipSpace(text, at + 1)
    if (text.charCodeAt(at) !== QUOTE) return undefined
  }
  return text.charCodeAt(at) === CLOSE ? { found, count, end: at + 1 } : undefined
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN = 0x7b
const CLOSE = 0x7d

/** The index after the value that starts at `start`; `start` itself when none does. */
function skipValue(text: string, start: number): number {
  let at = start
  let depth = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = skipString(text, at)
      if (depth === 0) return at
      continue
    }
    if (code === OPEN || code === OPEN_LIST) depth += 1
    else if (code === CLOSE || code === CLOSE_LIST) {
      if (depth === 0) return at
      depth -= 1
      if (depth === 0) return at + 1
    } else if (depth === 0 && (code === COMMA || isSpace(code))) return at
    at += 1
  }
  return at
}

/** The index after the string that starts at `start`. */
function skipString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return end + 1
    end = text.indexOf('"', end + 1)
  }
  return text.length
}

export function skipSpace(text: string, start: number): number {
  let at = start
  while (isSpace(text.charCodeAt(at))) at += 1
  return at
}

/** The index after the last character before `end` that is not white space. */
export function trimSpace(text: string, end: number): number {
  let at = end
  while (isSpace(text.charCodeAt(at - 1))) at -= 1
  return at
}

/** RFC 8259 section 2. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
