import { type KeyInput, type KeyRing, keyRing, WaybillError } from '@waybill/core'

const MEMBERS = new Set(['signing', 'verifying', 'subjectSecret'])

/**
 * The ring that a stored text describes: `{"signing":{"id","secret"},"verifying":[{"id","secret"}],"subjectSecret":"…"}`,
 * each part optional but at least one key. Secrets are base64 of at least 32 bytes. Throws `bad_key` without quoting any
 * of the text, since nobody knows which part of a broken document is the secret.
 */
export function ringOf(text: string): KeyRing {
  const document = objectOf(parse(text), 'it')
  // Also a misspelt member: a ring that lacks a key without a word is found out only when its tokens are refused.
  if (Object.keys(document).some((member) => !MEMBERS.has(member))) {
    throw badDocument(`it has members other than ${[...MEMBERS].join(', ')}`)
  }
  const { signing, verifying = [], subjectSecret } = document
  if (!Array.isArray(verifying)) throw badDocument('"verifying" is not a list')
  if (subjectSecret !== undefined && typeof subjectSecret !== 'string') {
    throw badDocument('"subjectSecret" is not a text')
  }
  const ring = keyRing({
    ...(signing === undefined ? {} : { signing: keyOf(signing, '"signing"') }),
    verifying: verifying.map((one, index) => keyOf(one, `entry ${index + 1} of "verifying"`)),
    ...(subjectSecret === undefined ? {} : { subjectSecret }),
  })
  if (ring.empty) throw badDocument('it holds no key')
  return ring
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes what it stumbled over.
    throw badDocument('it is not JSON')
  }
}

function keyOf(value: unknown, where: string): KeyInput {
  const { id, secret } = objectOf(value, where)
  if (typeof id !== 'string' || typeof secret !== 'string') throw badDocument(`${where} lacks an id or a secret`)
  return { id, secret }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badDocument(`${what} is not an object`)
  return value as Readonly<Record<string, unknown>>
}

function badDocument(why: string): WaybillError {
  return new WaybillError('bad_key', `The document of keys cannot be used: ${why}`)
}
