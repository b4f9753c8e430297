import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isWaybillError } from '../../src/errors.ts'
import { keyRing, unsignedKeysForLocalUse } from '../../src/keys.ts'
import { openToken } from '../../src/token/open.ts'
import { openOverride, sealOverride } from '../../src/token/override.ts'
import { sealToken } from '../../src/token/seal.ts'
import { createWaybill } from '../../src/waybill.ts'

const NOW = 1_800_000_000
const secret = Buffer.alloc(32, 1)
const keys = keyRing({ signing: { id: 'k1', secret }, subjectSecret: Buffer.alloc(32, 2) })
const other = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 9) }, subjectSecret: Buffer.alloc(32, 2) })
const ada = keys.fingerprint('ada')
const nowMs = (): number => NOW * 1000

const seal = (decisions: Readonly<Record<string, string>> = { flow: 'canary' }, ttlSeconds = 3600): string =>
  sealOverride({ context: { key: 'ada' }, decisions, ttlSeconds, nowMs }, keys)
const open = (token: string, nowSeconds = NOW, subject = ada) => openOverride(token, keys, { nowSeconds, subject })
/** Whatever a holder of the key could sign. */
const signed = (text: string, purpose = 'override'): string =>
  `${text}.${createHmac('sha256', secret).update(`waybill:${purpose}:1\n${text}`).digest('base64url').slice(0, 22)}`
const at = (seconds: number): string => seconds.toString(36)

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((name) => name.isWellFormed())
const someDecisions = fc.dictionary(text, text, { minKeys: 1, maxKeys: 10, noNullPrototype: true })

describe('an override', () => {
  test('says what was sealed, whatever the names', () => {
    fc.assert(
      fc.property(someDecisions, (decisions) => {
        const opened = open(seal(decisions))
        expect('decisions' in opened && Object.fromEntries(opened.decisions)).toEqual(decisions)
      }),
    )
  })

  test('is printable, and holds nothing that a header or a JSON string would have to escape', () => {
    fc.assert(
      fc.property(someDecisions, (decisions) => {
        expect(seal(decisions)).toMatch(/^wbo1\.[\w.~:%-]+$/)
      }),
    )
  })

  test('changed in any one place is not believed', () => {
    const alphabet = [...'ABCabc0189._~:%=-']
    fc.assert(
      fc.property(someDecisions, fc.nat(), fc.constantFrom(...alphabet, '', 'wb'), (decisions, where, put) => {
        const token = seal(decisions)
        const place = where % token.length
        const changed = `${token.slice(0, place)}${put}${token.slice(place + 1)}`
        fc.pre(changed !== token)
        expect(open(changed)).toHaveProperty('refusal')
      }),
      { numRuns: 2000 },
    )
  })

  test('cut anywhere, or with anything behind it, is not believed', () => {
    const token = seal()
    for (let end = 0; end < token.length; end += 1) expect(open(token.slice(0, end))).toHaveProperty('refusal')
    for (const more of ['x', '.', '.x', '~', ',', ' ', '\n', token]) {
      expect(open(token + more)).toHaveProperty('refusal')
    }
  })

  test('cannot have its life extended, nor another’s name or decision put into it', () => {
    const [, , issued = '', expires = '', subject = ''] = seal().split('.')
    const token = seal()
    for (const changed of [
      token.replace(`.${expires}.`, `.${at(NOW + 7200)}.`),
      token.replace(`.${issued}.`, `.${at(NOW + 1)}.`),
      token.replace(subject, keys.fingerprint('bob') ?? ''),
      token.replace('canary', 'control'),
    ]) {
      expect(changed).not.toBe(token)
      expect(open(changed)).toEqual({ refusal: 'bad_signature' })
    }
  })

  test('of another purpose never verifies, either way', () => {
    const decisions = seal().slice(0, seal().lastIndexOf('.'))
    expect(open(signed(decisions, 'decisions'))).toEqual({ refusal: 'bad_signature' })
    expect(open(signed(decisions))).toHaveProperty('decisions')
    expect(openToken(seal(), keys)).toEqual({ refusal: 'malformed' })
    const waybill = createWaybill({ decisions: [{ flag: 'flow', variation: 'canary', value: true }] })
    const token = sealToken(waybill, keys).token ?? ''
    expect(open(token)).toEqual({ refusal: 'malformed' })
    expect(open(`wbo1${token.slice(3)}`)).toHaveProperty('refusal')
    expect(openToken(`wb1${seal().slice(4)}`, keys)).toHaveProperty('refusal')
  })

  test('is believed from the moment that it was sealed, and until it expires', () => {
    const token = seal()
    expect(open(token, NOW)).toHaveProperty('decisions')
    expect(open(token, NOW + 3599)).toHaveProperty('decisions')
    expect(open(token, NOW + 3600)).toEqual({ refusal: 'expired' })
    // Clocks may differ by a minute.
    expect(open(token, NOW - 60)).toHaveProperty('decisions')
    expect(open(token, NOW - 61)).toEqual({ refusal: 'expired' })
  })

  test('of more than a day is not believed, whoever signed it', () => {
    const living = (seconds: number) => open(signed(`wbo1.k1.${at(NOW)}.${at(NOW + seconds)}.${ada}.flow:canary`))
    expect(living(86_400)).toHaveProperty('decisions')
    expect(living(86_401)).toEqual({ refusal: 'expired' })
    expect(living(-1)).toEqual({ refusal: 'expired' })
  })

  test('is its own subject’s, and nobody’s', () => {
    expect(open(seal(), NOW, keys.fingerprint('bob'))).toEqual({ refusal: 'wrong_subject' })
    expect(openOverride(seal(), keys, { nowSeconds: NOW, subject: undefined })).toEqual({ refusal: 'wrong_subject' })
  })

  test.each([
    ['a foreign secret', seal(), other, 'bad_signature'],
    ['a key that is not here', seal().replace('.k1.', '.k2.'), keys, 'unknown_key'],
    ['no keys', seal(), keyRing({}), 'no_keys'],
    ['a flag twice', signed(`wbo1.k1.${at(NOW)}.${at(NOW + 1)}.${ada}.a:b~a:c`), keys, 'malformed'],
    ['no entries', signed(`wbo1.k1.${at(NOW)}.${at(NOW + 1)}.${ada}.`), keys, 'malformed'],
    ['an entry of three fields', signed(`wbo1.k1.${at(NOW)}.${at(NOW + 1)}.${ada}.a:b:c`), keys, 'malformed'],
    ['no subject', signed(`wbo1.k1.${at(NOW)}.${at(NOW + 1)}..a:b`), keys, 'malformed'],
    ['a leading zero', signed(`wbo1.k1.0${at(NOW)}.${at(NOW + 1)}.${ada}.a:b`), keys, 'malformed'],
    ['more than 2,048 characters', `${seal()}${'x'.repeat(2048)}`, keys, 'oversize'],
    ['a newer format', seal().replace('wbo1', 'wbo2'), keys, 'malformed'],
  ])('with %s is refused', (_what, token, ring, refusal) => {
    expect(openOverride(token, ring, { nowSeconds: NOW, subject: ada })).toEqual({ refusal })
  })

  test('of a hostile length costs nothing', () => {
    expect(open(`wbo1.${'.'.repeat(10_000_000)}`)).toEqual({ refusal: 'oversize' })
  })

  test('is unsigned only for a ring that was asked for by name', () => {
    const unsigned = unsignedKeysForLocalUse()
    const input = { context: { key: 'ada' }, decisions: { flow: 'canary' }, ttlSeconds: 60, nowMs }
    const token = sealOverride(input, unsigned)
    expect(openOverride(token, unsigned, { nowSeconds: NOW, subject: unsigned.fingerprint('ada') })).toHaveProperty(
      'decisions',
    )
    expect(open(token)).toEqual({ refusal: 'unknown_key' })
  })
})

describe('what cannot be sealed is refused with a code, and never quoted', () => {
  const good = { context: { key: 'ada' }, decisions: { flow: 'canary' }, ttlSeconds: 3600 }
  test.each([
    ['no subject', { context: {} }, keys, 'bad_option'],
    ['an empty subject', { context: undefined, subjectKey: '' }, keys, 'bad_option'],
    ['no decision', { decisions: {} }, keys, 'bad_option'],
    ['a decision without a variation', { decisions: { flow: '' } }, keys, 'bad_option'],
    ['no time', { ttlSeconds: 0 }, keys, 'bad_option'],
    ['more than a day', { ttlSeconds: 86_401 }, keys, 'bad_option'],
    ['half a second', { ttlSeconds: 1.5 }, keys, 'bad_option'],
    ['more than fits', { decisions: { flow: 'x'.repeat(2048) } }, keys, 'bad_option'],
    ['a ring that cannot sign', {}, keyRing({}), 'bad_key'],
    ['a ring without a subject secret', {}, keyRing({ signing: { id: 'k1', secret } }), 'bad_key'],
  ])('%s', (_what, wrong, ring, code) => {
    let thrown: unknown
    try {
      sealOverride({ ...good, ...wrong } as never, ring)
    } catch (error) {
      thrown = error
    }
    expect(isWaybillError(thrown) && thrown.code).toBe(code)
  })

  test('a canonical key names the same subject as its context', () => {
    const { context: _, ...rest } = good
    const token = sealOverride({ ...rest, subjectKey: 'org:acme', nowMs }, keys)
    expect(open(token, NOW, keys.fingerprint('org:acme'))).toHaveProperty('decisions')
    expect(token).toBe(sealOverride({ ...good, context: { kind: 'org', key: 'acme' }, nowMs }, keys))
  })
})
