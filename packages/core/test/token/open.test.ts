import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyRing } from '../../src/keys.ts'
import { openToken } from '../../src/token/open.ts'
import { CarriedWaybill } from '../../src/token/originals.ts'
import { sealToken } from '../../src/token/seal.ts'
import { createWaybill } from '../../src/waybill.ts'
import { vectors } from '../vectors/format-1.ts'
import { waybills } from './waybills.ts'

const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
const AT = 1_790_000_000
const waybill = createWaybill({
  subject: 'adaadaadaadaadaa',
  decidedAtSeconds: AT,
  decisions: [
    { flag: 'new-order-flow', variation: 'canary', value: true, version: 7, reason: 'FALLTHROUGH', bucketed: true },
    { flag: 'größe', variation: 'l', value: { cm: 42 }, decidedAtSeconds: AT + 5 },
  ],
})
const token = sealToken(waybill, keys, { audience: 'prices' }).token ?? ''
const plain = sealToken(waybill, keys).token ?? ''
const ALPHABET = 'ABCZabcz0189._~:%=-+/, \n"\\é\0'

describe('a token of a format that this version does not know', () => {
  test('is told apart from a damaged one, so that it can be passed on', () => {
    expect(openToken('wb2.whatever-it~may:be%20', keys)).toEqual({ refusal: 'unknown_format' })
    expect(openToken('wb999.x', keys)).toEqual({ refusal: 'unknown_format' })
  })

  test.each(['wb2', 'wb.x', 'wb0.x', 'wb01.x', 'wb1000.x', 'WB2.x', ' wb2.x', ''])('is not %j', (text) => {
    expect(openToken(text, keys)).toEqual({ refusal: 'malformed' })
  })

  test.each([
    ['a line break, which would end a header', 'wb2.x\r\nset-cookie: a=b'],
    ['a quote, which would end a JSON string', 'wb2.x","admin":"yes'],
    ['a backslash', 'wb2.x\\'],
    ['a comma', 'wb2.x,wb2.y'],
    ['a space at its end', 'wb2.x '],
    ['a letter outside ASCII', 'wb2.é'],
    ['a null character', 'wb2.\0'],
  ])('is not passed on with %s', (_what, text) => {
    expect(openToken(text, keys)).toEqual({ refusal: 'malformed' })
  })
})

test('what is not text at all is malformed, not an exception', () => {
  for (const odd of [undefined, null, 7, {}, ['wb1.x']]) {
    expect(openToken(odd as unknown as string, keys)).toEqual({ refusal: 'malformed' })
  }
})

describe('a token that was seen before', () => {
  const seen = (): void => {
    expect(openToken(token, keys, { audience: 'prices' })).toHaveProperty('waybill')
  }

  test('is still refused to another audience', () => {
    seen()
    expect(openToken(token, keys, { audience: 'loyalty' })).toEqual({ refusal: 'wrong_audience' })
    expect(openToken(token, keys)).toEqual({ refusal: 'wrong_audience' })
  })

  test('is still refused to another subject', () => {
    seen()
    const audience = 'prices'
    expect(openToken(token, keys, { audience, subject: 'adaadaadaadaadaa' })).toHaveProperty('waybill')
    expect(openToken(token, keys, { audience, subject: 'bobbobbobbobbobb' })).toEqual({ refusal: 'wrong_subject' })
  })

  test('still ages', () => {
    seen()
    const at = (nowSeconds: number) => openToken(token, keys, { audience: 'prices', maxAgeSeconds: 60, nowSeconds })
    expect(at(AT + 60)).toHaveProperty('waybill')
    expect(at(AT + 61)).toEqual({ refusal: 'expired' })
    expect(at(AT - 3600)).toHaveProperty('waybill')
  })

  test('is still refused by another ring', () => {
    seen()
    const other = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 2) } })
    expect(openToken(token, other, { audience: 'prices' })).toEqual({ refusal: 'bad_signature' })
  })

  test('reads the same after a thousand others, and so does one whose forgery was refused', () => {
    const forged = `${plain.slice(0, -1)}${plain.endsWith('A') ? 'B' : 'A'}`
    const first = openToken(plain, keys)
    for (let index = 0; index < 1000; index += 1) {
      const { token: other = '' } = sealToken(
        createWaybill({ decisions: [{ flag: `f${index}`, variation: 'on', value: true }] }),
        keys,
      )
      expect(openToken(other, keys)).toHaveProperty('waybill')
      expect(openToken(forged, keys)).toEqual({ refusal: 'bad_signature' })
    }
    expect(openToken(plain, keys)).toEqual(first)
  })
})

describe('what was read', () => {
  test('keeps its text for the next hop, out of sight of whoever logs it', () => {
    const opened = openToken(plain, keys)
    if (!('waybill' in opened)) throw new Error(opened.refusal)
    expect(CarriedWaybill.textOf(opened.waybill)).toBe(plain)
    const signature = plain.slice(plain.lastIndexOf('.') + 1)
    expect(JSON.stringify(opened.waybill)).not.toContain(signature)
    expect(Object.keys(opened.waybill)).not.toContain('text')
  })

  test('is forwarded as it came and not sealed anew, whatever it holds', () => {
    fc.assert(
      fc.property(waybills(), (any) => {
        const { token: text = '' } = sealToken(any, keys, { maxBytes: 8192 })
        const opened = openToken(text, keys)
        expect('waybill' in opened && CarriedWaybill.textOf(opened.waybill)).toBe(text)
      }),
    )
  })
})

describe('a token in which one character is wrong never opens', () => {
  const stays = (text: string): boolean => 'waybill' in openToken(text, keys, { audience: 'prices' })

  test('changed, at any place', () => {
    for (let at = 0; at < token.length; at += 1) {
      for (const char of ALPHABET) {
        if (char !== token[at]) expect(stays(token.slice(0, at) + char + token.slice(at + 1))).toBe(false)
      }
    }
  })

  test('added, at any place', () => {
    for (let at = 0; at <= token.length; at += 1) {
      for (const char of ALPHABET) expect(stays(token.slice(0, at) + char + token.slice(at))).toBe(false)
    }
  })

  test('missing, at any place', () => {
    for (let at = 0; at < token.length; at += 1) {
      expect(stays(token.slice(0, at) + token.slice(at + 1))).toBe(false)
    }
  })

  test('two of them swapped', () => {
    for (let at = 1; at < token.length; at += 1) {
      const [a, b] = [token[at - 1] ?? '', token[at] ?? '']
      if (a !== b) expect(stays(token.slice(0, at - 1) + b + a + token.slice(at + 1))).toBe(false)
    }
  })
})

describe('hostile text is refused and never thrown over', () => {
  const REFUSALS = new Set(vectors.refused.map(({ refusal }) => refusal))
  const refused = (text: string): void => {
    const opened = openToken(text, keys)
    if ('waybill' in opened || !REFUSALS.has(opened.refusal)) throw new Error(JSON.stringify([text, opened]))
  }

  test('arbitrary text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), refused), { numRuns: 30_000 })
  })

  test('text of the token alphabet behind the right prefix', () => {
    const body = fc.string({ unit: fc.constantFrom(...'abZ019._~:%=-'), maxLength: 120 })
    fc.assert(
      fc.property(body, (text) => refused(`wb1.${text}`)),
      { numRuns: 60_000 },
    )
  })

  test('and what a writer signed without care is read or refused, and never thrown over', () => {
    const { signer } = keys
    if (signer === undefined) throw new Error('no signer')
    const pieces = fc.constantFrom(
      ...['.', '~', ':', '%', '=', 'wb1', 'k1', 'tlpwu8', 'x', 'on', 't', '1', 'f', 'fb', 'a', 'd', 'i', 's', 'j', 'h'],
      ...[
        'x:on:t:1:f',
        'x:on:',
        ':1:f',
        'y:off:f:0:d',
        '%C3%A9',
        '%FF',
        'je30',
        'd1e5',
        '-',
        '_',
        '9'.repeat(15),
        'é',
        '"',
      ],
    )
    const body = fc.array(pieces, { maxLength: 24 }).map((all) => all.join(''))
    let opened = 0
    fc.assert(
      fc.property(body, fc.boolean(), (text, whole) => {
        const signed = whole ? `wb1.k1.tlpwu8...${text}` : `wb1.k1.${text}`
        const result = openToken(`${signed}.${signer.sign('decisions', signed)}`, keys)
        if ('waybill' in result) opened += 1
        else if (!REFUSALS.has(result.refusal)) throw new Error(result.refusal)
      }),
      { numRuns: 60_000 },
    )
    expect(opened).toBeGreaterThan(100)
  })

  test('texts at the limits of length', () => {
    const bodies = ['.', '~', ':', '%', '%41', 'x:', 'x:on:t:1:f~', ':i1', 'a:b:j', '[', '=', 'é', '\ud83d\ude00']
    for (const body of bodies) {
      for (const length of [8191, 8192, 8193, 1_000_000]) {
        refused(`wb1.k1.1...${body.repeat(length)}`.slice(0, length))
        refused(body.repeat(length).slice(0, length))
      }
    }
  })
})

describe('the short way through plain entries agrees with the long one', () => {
  const { signer } = keys
  if (signer === undefined) throw new Error('no signer')
  const read = (entries: string) => {
    const signed = `wb1.k1.tlpwu8...${entries}`
    const opened = openToken(`${signed}.${signer.sign('decisions', signed)}`, keys)
    return 'waybill' in opened ? [...opened.waybill.decisions.values()] : opened.refusal
  }

  test('for any entries, of which one that is not plain sends them all the long way', () => {
    const field = fc.stringMatching(/^[A-Za-z0-9._-]{1,4}$/)
    const digits = fc.constantFrom('0', '1', '01', '00', '7', '123456789012345', '1234567890123456')
    const entry = fc.tuple(field, field, fc.constantFrom(...'tfn='), digits, fc.stringMatching(/^[a-z]{1,5}$/))
    const entries = fc.array(
      entry.map((all) => all.join(':')),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(entries, (all) => {
        const short = read(all.join('~'))
        const long = read([...all, 'escaped%20flag:on:t:1:f'].join('~'))
        expect(typeof long === 'string' ? long : long.slice(0, -1)).toEqual(short)
      }),
      { numRuns: 5000 },
    )
  })
})
