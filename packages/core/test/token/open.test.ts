import { describe, expect, test } from 'vitest'
import { keyRing } from '../../src/keys.ts'
import { openToken } from '../../src/token/open.ts'

const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })

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
