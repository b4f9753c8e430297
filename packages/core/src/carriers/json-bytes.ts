import type { Exposed, Slot } from './carrier.ts'
import { exposedTextBytes, exposeIn, isStamped, spliceable, spliceIn } from './json-splice.ts'
import { unloadText } from './nested.ts'

/*
 * JSON that an SDK takes as bytes or text, and an event brings in base64. Bytes are read as latin1, one character for
 * one byte, so that what is not valid UTF-8 comes out as it went in.
 */

/** Why these bytes cannot take a token, if they cannot. */
export function bytesProblem(data: unknown): Slot['problem'] | undefined {
  const text = typeof data === 'string' ? data : bufferOf(data)?.toString()
  return text === undefined ? 'uncarried' : spliceable(text)
}

/** Whether the bytes hold a token that their author put there. */
export function bytesStamped(data: unknown): boolean {
  return isStamped(typeof data === 'string' ? data : bufferOf(data)?.toString('latin1'))
}

/** The same bytes with a token in them, in the kind (text or bytes) in which they came. */
export function spliceBytes(data: unknown, token: string): string | Uint8Array {
  if (typeof data === 'string') return spliceIn(data, token)
  return Buffer.from(spliceIn(bufferOf(data)?.toString('latin1') ?? '', token), 'latin1')
}

/** Bytes that readable flags cost; `undefined` where they cannot go. */
export function exposedDataBytes(data: unknown, flags: Exposed): number | undefined {
  return exposedTextBytes(typeof data === 'string' ? data : (bufferOf(data)?.toString('latin1') ?? ''), flags)
}

/** The same bytes with readable flags in them. */
export function exposeInData(data: unknown, flags: Exposed): string | Uint8Array {
  if (typeof data === 'string') return exposeIn(data, flags)
  return Buffer.from(exposeIn(bufferOf(data)?.toString('latin1') ?? '', flags), 'latin1')
}

/** Takes the tokens out of base64 data; the data itself when it holds none, or is no text. */
export function unloadBase64(data: unknown): { readonly tokens: readonly string[]; readonly clean: unknown } {
  if (typeof data !== 'string') return { tokens: [], clean: data }
  const text = Buffer.from(data, 'base64').toString('latin1')
  const { tokens, clean } = unloadText(text)
  return { tokens, clean: clean === text ? data : Buffer.from(clean, 'latin1').toString('base64') }
}

/** The same text or bytes without tokens. */
export function unloadBytes(data: string | Uint8Array): string | Uint8Array {
  if (typeof data === 'string') return unloadText(data).clean
  const text = bufferOf(data)?.toString('latin1') ?? ''
  const { clean } = unloadText(text)
  return clean === text ? data : Buffer.from(clean, 'latin1')
}

function bufferOf(data: unknown): Buffer | undefined {
  return data instanceof Uint8Array ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : undefined
}
