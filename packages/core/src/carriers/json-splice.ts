import { isPlainObject, parseJson } from '../json.ts'
import type { Exposed } from './carrier.ts'
import { type Member, membersAt, skipSpace, trimSpace } from './json-scan.ts'

/*
 * A token in a JSON text that is somebody else's: put in and taken out by cutting text, so that every other byte stays
 * as it was (numbers too large for JavaScript, the order of keys, white space, a trailing newline).
 */

/** The key that holds a token in a body. */
export const BODY_KEY = '_waybill'

/** The key that shows variations by flag to filters and rules, where that was asked for. */
export const EXPOSED_KEY = '_waybill_flags'

/** Bytes that a token costs beside its own length. */
export const BODY_OVERHEAD_BYTES: number = `,"${BODY_KEY}":""`.length

/** Where a token can be spliced in; or why not. */
export function spliceable(text: string): 'already_stamped' | 'uncarried' | undefined {
  const parsed = parseJson(text)
  // One JSON object and nothing else: several in one text (NDJSON) do not parse, and are not ours to cut.
  if (!isPlainObject(parsed)) return 'uncarried'
  return Object.hasOwn(parsed, BODY_KEY) ? 'already_stamped' : undefined
}

/** Whether a text holds a token that its author put there. Parses only what may. */
export function isStamped(text: unknown): boolean {
  return typeof text === 'string' && text.includes(BODY_KEY) && spliceable(text) === 'already_stamped'
}

/** Puts the token in as the last key. `text` must be `spliceable`. */
export function spliceIn(text: string, token: string): string {
  return spliceMember(text, `"${BODY_KEY}":"${token}"`)
}

/** Bytes that readable flags cost in a text; `undefined` where their key is taken. */
export function exposedTextBytes(text: string, flags: Exposed): number | undefined {
  return membersAt(text, EXPOSED_KEY).length > 0 ? undefined : exposedMember(flags).length + ','.length
}

/** Puts readable flags in as the last key, before the token. `text` must be `spliceable`. */
export function exposeIn(text: string, flags: Exposed): string {
  return spliceMember(text, exposedMember(flags))
}

/** In ASCII, so that it is the same in text and in bytes. */
function exposedMember(flags: Exposed): string {
  const readable = JSON.stringify(Object.fromEntries(flags))
  const escaped = readable.replaceAll(
    /[\x7f-\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `"${EXPOSED_KEY}":${escaped}`
}

/** Puts a member in as the last one of an object. */
export function spliceMember(text: string, member: string): string {
  const end = text.lastIndexOf('}')
  const empty = text[trimSpace(text, end) - 1] === '{'
  return `${text.slice(0, end)}${empty ? '' : ','}${member}${text.slice(end)}`
}

/** A member's value; what is not a string is a damaged token: the empty one, which nobody believes. */
export function stringOf(text: string, { valueStart, valueEnd }: Member): string {
  const value = parseJson(text.slice(valueStart, valueEnd))
  return typeof value === 'string' ? value : ''
}

/** A piece of text to leave out, from its first index to after its last. */
export type Cut = readonly [start: number, end: number]

/** The cuts that leave members of one object out, each with one of the commas beside it. */
export function cutsOf(text: string, members: readonly Member[]): readonly Cut[] {
  let last = 0
  return members.map(({ keyStart, valueEnd }) => {
    const before = trimSpace(text, keyStart)
    const after = skipSpace(text, valueEnd)
    let cut: Cut = [keyStart, valueEnd]
    // A comma that an earlier cut took is not there any more: then this member is the first.
    if (before > last && text[before - 1] === ',') cut = [before - 1, valueEnd]
    else if (text[after] === ',') cut = [keyStart, skipSpace(text, after + 1)]
    last = cut[1]
    return cut
  })
}

/** The text without its cuts, which are in order and apart. */
export function applyCuts(text: string, cuts: readonly Cut[]): string {
  if (cuts.length === 0) return text
  let clean = ''
  let last = 0
  for (const [start, end] of cuts) {
    clean += text.slice(last, start)
    last = end
  }
  return clean + text.slice(last)
}
