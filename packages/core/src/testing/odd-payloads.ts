import type { Payload } from './harness.ts'

export interface OddPayload {
  readonly what: string
  readonly bytes: Buffer
  /** Whether a token can be a key of it. */
  readonly isObject: boolean
  /** Whether a parser takes it. */
  readonly isJson: boolean
}

/** Payloads on which carriers have stumbled: none may come out changed but for the stamp. */
export const ODD_PAYLOADS: readonly OddPayload[] = [
  object('an empty object', '{}'),
  object('an empty object with white space', '{ \t\r\n}'),
  object('a trailing newline', '{"a":1}\n'),
  object('white space everywhere', ' \n{ "a" : 1 ,\t"b" : [ ] }\r\n '),
  object('numbers that JavaScript would change', '{"id":12345678901234567890,"x":1.10,"e":1E400,"z":-0}'),
  object('escapes and unicode', String.raw`{"é\u00e9\\":"\"}{\\\"","\ud83d\ude00":"😀\u2028 "}`),
  object('a no-break space at the end of a text', '{"a":"\u00a0"}'),
  object('our key deeper down, and in a text', '{"a":{"_waybill":"no"},"b":"{\\"_waybill\\":\\"no\\"}"}'),
  object('our words in other keys', '{"waybill":{"_waybill_":1},"x_waybill":"\\"_waybill\\":\\"no\\""}'),
  object('a repeated key', '{"a":1,"a":2}'),
  object('keys of the prototype', '{"__proto__":{"a":1},"constructor":{"prototype":null},"toString":1}'),
  object('deep nesting', `{"a":${'[{"b":'.repeat(300)}0${'}]'.repeat(300)}}`),
  value('an array', '[{"a":1},{"b":2}]'),
  value('a string', '"{\\"a\\":1}"'),
  value('a number', '12'),
  value('null', 'null'),
  other('no text at all', ''),
  other('plain text', 'an order, no. 7}'),
  other('several objects on lines of their own', '{"a":1}\n{"b":2}\n'),
  other('an object that is cut off', '{"a":{"b":1}'),
  other('an object and a brace too many', '{"a":1}}'),
  other('a byte order mark', '\ufeff{"a":1}'),
  {
    what: 'bytes that are not UTF-8 in an object',
    bytes: hex('7b2261223a22ff c3 80fe227d'),
    isObject: true,
    isJson: false,
  },
  { what: 'bytes of no text', bytes: hex('1f8b0800 00000000 0003 ab56ca48 7b7d 00ff'), isObject: false, isJson: false },
]

/** Those that a payload of this kind can be: not all bytes are text. */
export function oddPayloads(kind: 'text' | 'bytes'): readonly (OddPayload & { readonly payload: Payload })[] {
  return ODD_PAYLOADS.flatMap((odd) => {
    if (kind === 'bytes') return { ...odd, payload: odd.bytes }
    const text = odd.bytes.toString()
    return Buffer.from(text).equals(odd.bytes) ? { ...odd, payload: text } : []
  })
}

/** A JSON object of exactly so many bytes, with characters of more than one byte in it. */
export function paddedObject(kind: 'text' | 'bytes', sizeBytes: number): Payload {
  const fillBytes = Math.max(0, sizeBytes - '{"p":""}'.length)
  const text = `{"p":"${'é'.repeat(Math.floor(fillBytes / 4))}${'x'.repeat(fillBytes - 2 * Math.floor(fillBytes / 4))}"}`
  return kind === 'text' ? text : Buffer.from(text)
}

export function payloadOf(kind: 'text' | 'bytes', text: string): Payload {
  return kind === 'text' ? text : Buffer.from(text)
}

function object(what: string, text: string): OddPayload {
  return { what, bytes: Buffer.from(text), isObject: true, isJson: true }
}

function value(what: string, text: string): OddPayload {
  return { what, bytes: Buffer.from(text), isObject: false, isJson: true }
}

function other(what: string, text: string): OddPayload {
  return { what, bytes: Buffer.from(text), isObject: false, isJson: false }
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}
