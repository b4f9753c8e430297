import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { isWaybillError } from '../src/errors.ts'
import { type KeyRing, keyRing, keysFromEnvironment, unsignedKeysForLocalUse } from '../src/keys.ts'
import { openToken } from '../src/token/open.ts'
import { sealToken } from '../src/token/seal.ts'
import { createWaybill } from '../src/waybill.ts'

const old = { id: 'k1', secret: Buffer.alloc(32, 1) }
const next = { id: 'k2', secret: Buffer.alloc(32, 2) }
const waybill = createWaybill({ decisions: [{ flag: 'x', variation: 'on', value: true }] })
const sealedBy = (ring: KeyRing): string => sealToken(waybill, ring).token ?? ''

const messageOf = (fn: () => unknown): string => {
  try {
    fn()
  } catch (error) {
    if (isWaybillError(error) && error.code === 'bad_key') return inspect(error)
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('rotation loses no token in any order of deployment', () => {
  const before = keyRing({ signing: old })
  const added = keyRing({ signing: old, verifying: [next] })
  const promoted = keyRing({ signing: next, verifying: [old] })
  const retired = keyRing({ signing: next })

  test.each([
    ['new key added here and not there', before, added],
    ['new key added there and not here', added, before],
    ['promoted there and not here', promoted, added],
    ['promoted here and not there', added, promoted],
    ['old key retired there and not here', retired, promoted],
  ])('%s', (_when, sender, receiver) => {
    expect(openToken(sealedBy(sender), receiver)).toHaveProperty('waybill')
  })

  test('what a retired key signed is refused as of an unknown key', () => {
    expect(openToken(sealedBy(before), retired)).toEqual({ refusal: 'unknown_key' })
  })

  test('an id that stands for another secret is a bad signature', () => {
    const reused = keyRing({ signing: { id: 'k1', secret: next.secret } })
    expect(openToken(sealedBy(before), reused)).toEqual({ refusal: 'bad_signature' })
  })

  test('fingerprints stay the same', () => {
    const subjectSecret = Buffer.alloc(32, 9)
    const fingerprints = [old, next].map((signing) => keyRing({ signing, subjectSecret }).fingerprint('ada'))
    expect(fingerprints[0]).toBe(fingerprints[1])
  })
})

describe('a signature', () => {
  const key = keyRing({ signing: old }).signer
  if (key === undefined) throw new Error('no signer')

  test('is the HMAC-SHA-256 of the purpose and the text, cut to 22 characters of base64url', () => {
    const whole = createHmac('sha256', old.secret).update('waybill:decisions:1\nwb1.text').digest('base64url')
    expect(key.sign('decisions', 'wb1.text')).toBe(whole.slice(0, 22))
  })

  test('for one purpose is none for another', () => {
    const signature = key.sign('override', 'wb1.text')
    expect(key.verify('override', 'wb1.text', signature)).toBe(true)
    expect(key.verify('decisions', 'wb1.text', signature)).toBe(false)
  })

  test('is refused, not thrown over, whatever its length and its characters', () => {
    const signature = key.sign('decisions', 'text')
    const wide = [...signature].map((char) => String.fromCharCode(char.charCodeAt(0) + 0x100)).join('')
    for (const wrong of ['', 'x', `${signature}x`, signature.slice(1), wide, `${signature.slice(1)}é`]) {
      expect(key.verify('decisions', 'text', wrong)).toBe(false)
    }
  })
})

describe('a ring is refused at set-up', () => {
  const bytes = Buffer.alloc(32, 7)
  const text = bytes.toString('base64')
  const textOf = (length: number): string => Buffer.alloc(length, 7).toString('base64')

  test.each<[string, () => unknown, RegExp]>([
    [
      'for a secret of 31 bytes',
      () => keyRing({ signing: { id: 'k1', secret: Buffer.alloc(31, 7) } }),
      /31 bytes, at least 32/,
    ],
    ['for 31 bytes as text', () => keyRing({ verifying: [{ id: 'k1', secret: textOf(31) }] }), /31 bytes, at least 32/],
    ['for a subject secret of 31 bytes', () => keyRing({ subjectSecret: textOf(31) }), /31 bytes, at least 32/],
    ['for 31 bytes in the environment', () => keysFromEnvironment({ WAYBILL_KEYS: `k1:${textOf(31)}` }), /31 bytes/],
    ['for a short secret', () => keyRing({ signing: { id: 'k1', secret: 'c2hvcnQ=' } }), /"k1" has 5 bytes/],
    ['for a secret that is not base64', () => keyRing({ signing: { id: 'k1', secret: 'pass word' } }), /not base64/],
    ['for an empty secret', () => keyRing({ signing: { id: 'k1', secret: '' } }), /not base64/],
    ['for an id with a dot', () => keyRing({ signing: { id: 'k.1', secret: bytes } }), /signing key/],
    ['for a long id', () => keyRing({ verifying: [{ id: 'k'.repeat(17), secret: bytes }] }), /verifying key/],
    ['for an id used twice', () => keyRing({ signing: old, verifying: [old] }), /"k1" is used twice/],
    ['for no id', () => keyRing({ signing: { secret: bytes } as never }), /signing key/],
    ['for no secret', () => keyRing({ signing: { id: 'k1' } as never }), /"k1" must be/],
    ['for a short subject secret', () => keyRing({ subjectSecret: 'c2hvcnQ=' }), /subject secret has 5/],
    ['for an environment without ids', () => keysFromEnvironment({ WAYBILL_KEYS: text }), /Entry 1/],
    ['for an entry too long', () => keysFromEnvironment({ WAYBILL_KEYS: `a:${text},b:${text}:c` }), /Entry 2/],
  ])('%s', (_why, make, message) => {
    expect(messageOf(make)).toMatch(message)
  })
})

test('a secret of 32 bytes is enough, as bytes and as text', () => {
  const secret = Buffer.alloc(32, 7)
  expect(keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret }).signer?.id).toBe('k1')
  expect(keyRing({ verifying: [{ id: 'k1', secret: secret.toString('base64url') }] }).empty).toBe(false)
})

describe('the environment', () => {
  const [first, second] = [old.secret.toString('base64'), next.secret.toString('base64url')]

  test('names the key that signs first, and those that verify after it', () => {
    const keys = keysFromEnvironment({ WAYBILL_KEYS: ` k1:${first}, k2:${second} ,` })
    expect(keys.signer?.id).toBe('k1')
    expect(openToken(sealedBy(keyRing({ signing: next })), keys)).toHaveProperty('waybill')
  })

  test('without keys makes an empty ring, which seals and opens nothing', () => {
    const keys = keysFromEnvironment({ WAYBILL_SUBJECT_SECRET: '' })
    expect(keys.empty).toBe(true)
    expect(keys.fingerprint('ada')).toBeUndefined()
    expect(sealToken(waybill, keys)).toEqual({ shedCount: 0, problem: 'no_keys' })
    expect(openToken(sealedBy(keyRing({ signing: old })), keys)).toEqual({ refusal: 'no_keys' })
  })
})

describe('a secret never shows', () => {
  const secret = Buffer.from('a-very-secret-text-of-32-bytes!!')
  const forms = [secret.toString(), secret.toString('base64'), secret.toString('base64url'), secret.toString('hex')]
  const keys = keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret })

  test.each<[string, () => string]>([
    ['in a ring that is logged as JSON', () => JSON.stringify(keys)],
    ['in a ring that is inspected', () => inspect(keys, { depth: 9, showHidden: true, getters: true })],
    ['in a token', () => sealedBy(keys)],
    ['in the error for a swapped id and secret', () => messageOf(() => swapped(secret.toString('base64')))],
    ['in the error for a secret that is not base64', () => messageOf(() => broken(`${secret.toString()} `))],
    ['in the error for an environment without ids', () => messageOf(() => idless(secret.toString('base64')))],
  ])('%s', (_where, text) => {
    for (const form of forms) expect(text()).not.toContain(form.replace(/=+$/, ''))
  })

  const swapped = (text: string): KeyRing => keysFromEnvironment({ WAYBILL_KEYS: `${text}:k1` })
  const broken = (text: string): KeyRing => keysFromEnvironment({ WAYBILL_KEYS: `k1:${text}!` })
  const idless = (text: string): KeyRing => keysFromEnvironment({ WAYBILL_KEYS: text })
})

describe('unsigned operation', () => {
  const unsigned = unsignedKeysForLocalUse()

  test('reads what it wrote', () => {
    expect(openToken(sealedBy(unsigned), unsigned)).toHaveProperty('waybill')
  })

  test('is refused by every ring with a key', () => {
    expect(openToken(sealedBy(unsigned), keyRing({ signing: old }))).toEqual({ refusal: 'unknown_key' })
  })

  test.each<[string, () => KeyRing]>([
    ['the id of unsigned tokens', () => keyRing({ signing: { id: '-', secret: Buffer.alloc(32, 1) } })],
    ['that id for a verifying key', () => keyRing({ verifying: [{ id: '-', secret: Buffer.alloc(32, 1) }] })],
    ['that id in the environment', () => keysFromEnvironment({ WAYBILL_KEYS: `-:${old.secret.toString('base64')}` })],
    ['an empty secret in the environment', () => keysFromEnvironment({ WAYBILL_KEYS: 'k1:' })],
  ])('cannot be had by %s', (_what, make) => {
    expect(messageOf(make)).toMatch(/bad_key/)
  })

  test('is refused by a ring that has no keys', () => {
    expect(openToken(sealedBy(unsigned), keyRing({}))).toEqual({ refusal: 'no_keys' })
    expect(openToken(sealedBy(unsigned), keysFromEnvironment({ WAYBILL_KEYS: '' }))).toEqual({ refusal: 'no_keys' })
  })

  test('does not believe a token with a signature, since it cannot check it', () => {
    expect(openToken(sealedBy(keyRing({ signing: old })), unsigned)).toEqual({ refusal: 'unknown_key' })
    expect(openToken(`${sealedBy(unsigned)}x`, unsigned)).toEqual({ refusal: 'bad_signature' })
  })
})
