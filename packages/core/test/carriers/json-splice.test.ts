import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { membersAt } from '../../src/carriers/json-scan.ts'
import { applyCuts, BODY_KEY, cutsOf, spliceable, spliceIn, stringOf } from '../../src/carriers/json-splice.ts'
import { unloadText } from '../../src/carriers/nested.ts'
import { keyLiteral, objectOf, space, value } from '../fixtures/json-texts.ts'

const TOKEN = 'wb1.k1.t0.s..new-order-flow:canary:t:7:fb.sIgNaTuRe'

/** Takes the token out of an object, or of the object at `path` within it: the way in which carriers put the parts together. */
function spliceOut(text: string, path: readonly string[] = []): { tokens: readonly string[]; clean: string } {
  const members = membersAt(text, ...path, BODY_KEY)
  return { tokens: members.map((member) => stringOf(text, member)), clean: applyCuts(text, cutsOf(text, members)) }
}

/** The text of any JSON object that nobody has stamped. */
const objectText = fc
  .tuple(space, objectOf(keyLiteral, value), space)
  .map((parts) => parts.join(''))
  .filter((text) => spliceable(text) === undefined)

describe('A splice', () => {
  test('into any JSON object comes out again, and every byte is as it was', () => {
    fc.assert(
      fc.property(objectText, (text) => {
        const stamped = spliceIn(text, TOKEN)
        expect(spliceOut(stamped)).toEqual({ tokens: [TOKEN], clean: text })
        expect(JSON.parse(stamped)).toHaveProperty('_waybill', TOKEN)
      }),
      { numRuns: 1000 },
    )
  })

  test('into an object within an object comes out by its path', () => {
    fc.assert(
      fc.property(objectText, objectText, (outer, detail) => {
        const wrap = (inner: string): string => spliceIn(outer, 'x').replace('"_waybill":"x"', `"detail":${inner}`)
        expect(spliceOut(wrap(spliceIn(detail, TOKEN)), ['detail'])).toEqual({ tokens: [TOKEN], clean: wrap(detail) })
      }),
    )
  })

  test('is the same in UTF-8 text and in its bytes read as latin1', () => {
    fc.assert(
      fc.property(objectText, (text) => {
        const stamped = Buffer.from(spliceIn(text.toWellFormed(), TOKEN)).toString('latin1')
        const { tokens, clean } = spliceOut(stamped)
        expect(tokens).toEqual([TOKEN])
        expect(Buffer.from(clean, 'latin1').toString()).toBe(text.toWellFormed())
      }),
    )
  })

  test('costs its own length and what is said beside it, no more', () => {
    fc.assert(
      fc.property(objectText, (text) => {
        const empty = /^\s*\{\s*\}\s*$/.test(text)
        expect(spliceIn(text, TOKEN).length - text.length).toBe(TOKEN.length + '"_waybill":""'.length + (empty ? 0 : 1))
      }),
    )
  })

  test('goes into one JSON object and nothing else', () => {
    for (const text of ['', '[]', '"{}"', 'null', '1', '{} {}', '{}\n{}', '{"a":1', '{"a":1}}', '\ufeff{}', '{a:1}']) {
      expect(spliceable(text)).toBe('uncarried')
    }
    expect(spliceable('{"_waybill":null}')).toBe('already_stamped')
    expect(spliceable('{"a":{"_waybill":"x"}}')).toBeUndefined()
  })
})

describe('Taking a token out', () => {
  test.each([
    ['{"_waybill":"t"}', ['t'], '{}'],
    ['{ "_waybill" : "t" }', ['t'], '{  }'],
    ['{"a":1 , "_waybill":"t"}\n', ['t'], '{"a":1 }\n'],
    ['{"_waybill":"t" , "a":1}', ['t'], '{"a":1}'],
    ['{"a":1,"_waybill":"t","b":2}', ['t'], '{"a":1,"b":2}'],
    ['{"_waybill":"t","_waybill":"u"}', ['t', 'u'], '{}'],
    ['{"_waybill":"t","a":1,"_waybill":"u"}', ['t', 'u'], '{"a":1}'],
    ['{"_waybill":"t","_waybill":"u","_waybill":"v","a":1}', ['t', 'u', 'v'], '{"a":1}'],
    ['{"_waybill":"\\u0074"}', ['t'], '{}'],
    ['{"_waybill":{"_waybill":"t"},"a":1}', [''], '{"a":1}'],
    ['{"_waybill":17}', [''], '{}'],
  ])('of %j finds %j', (text, tokens, clean) => {
    expect(spliceOut(text)).toEqual({ tokens, clean })
  })

  test('believes the last of a repeated key on its path, as JSON.parse does', () => {
    const text = '{"detail":{"_waybill":"t"},"detail":{"_waybill":"u"}}'
    expect(spliceOut(text, ['detail'])).toEqual({ tokens: ['u'], clean: '{"detail":{"_waybill":"t"},"detail":{}}' })
  })

  test.each([
    '["_waybill","t"]',
    '"\\"_waybill\\":\\"t\\""',
    '{"a":{"_waybill":"t"}}',
    '{"a":"\\",\\"_waybill\\":\\"t\\""}',
    '{"_waybill":"t"}\n{"_waybill":"u"}',
    '{"_waybill":"t"',
    '{"_waybill":"t',
    '{"_waybill"}',
    '{"_waybill":}',
    '{"_waybill":"t"]',
    '{,"_waybill":"t"}',
    '{"_waybill":"t",}',
    '_waybill',
  ])('of %s finds none, and cuts nothing', (text) => {
    expect(spliceOut(text)).toEqual({ tokens: [], clean: text })
    expect(unloadText(text)).toEqual({ tokens: [], clean: text })
  })

  test('of any text does not throw, and leaves nothing but cuts', () => {
    const ours = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      ' ',
      '"_waybill"',
      '"_waybill":"t"',
      'waybill',
      '"detail"',
      '"detail-type":',
      '"Type":"Notification"',
      '"TopicArn":1',
      '"MessageAttributes":',
      '"requestPayload":',
      '"requestContext":{}',
      '"responsePayload":',
      '"Records":[',
      '"Sns":',
      '"waybill":',
      '"Message":',
      '\\"',
    )
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(ours, { maxLength: 30 }).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(anything, (text) => {
        for (const { tokens, clean } of [spliceOut(text), spliceOut(text, ['detail']), unloadText(text)]) {
          expect(clean.length).toBeLessThanOrEqual(text.length)
          if (tokens.length === 0) expect(clean).toBe(text)
          expect(isSubsequence(clean, text)).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['brackets that never close', (n: number) => `{"_waybill":${'['.repeat(n)}`],
    ['objects that never close', (n: number) => '{"_waybill":'.repeat(n)],
    ['backslashes', (n: number) => `{"_waybill":"${'\\'.repeat(n)}`],
    ['escaped quotes', (n: number) => `{"_waybill":"${'\\"'.repeat(n)}"}`],
    ['quotes', (n: number) => `{"_waybill":${'"'.repeat(n)}`],
    ['repeated tokens', (n: number) => `{${'"_waybill":"t",'.repeat(n)}"a":1}`],
    ['repeated tokens at the end', (n: number) => `{"a":1${',"_waybill":"t"'.repeat(n)}}`],
    ['tokens between members', (n: number) => `{${'"a":1,"_waybill":"t",'.repeat(n)}"a":1}`],
    ['white space', (n: number) => `{"_waybill":"t"${' '.repeat(n)},${' '.repeat(n)}"_waybill":"t"${' '.repeat(n)}}`],
    ['members', (n: number) => `{${'"a":1,'.repeat(n)}"_waybill":"t"}`],
    [
      'results in results',
      (n: number) => `${'{"requestContext":{},"requestPayload":'.repeat(n)}{"_waybill":"t"}${'}'.repeat(n)}`,
    ],
    ['events in events', (n: number) => `${'{"detail-type":1,"detail":'.repeat(n)}{"_waybill":"t"}${'}'.repeat(n)}`],
    ['envelopes', (n: number) => `{"Type":"Notification","TopicArn":1,"Message":"${'{\\"waybill\\":'.repeat(n)}"}`],
  ])('takes steps in proportion to the text: %s', (_, textOf) => {
    const steps = (n: number): number => countingSteps(() => unloadText(textOf(n)))
    // Four times the text: four times the steps, and a little for what is the same each time.
    expect(steps(4000)).toBeLessThan(4.5 * steps(1000) + 100)
  })
})

/** How often the functions that look at a text are called, each weighed with the characters it looks at. */
function countingSteps(run: () => void): number {
  let steps = 0
  const { charCodeAt, indexOf, slice, startsWith } = String.prototype
  String.prototype.charCodeAt = function (...args) {
    steps += 1
    return charCodeAt.apply(this, args)
  }
  String.prototype.indexOf = function (...args) {
    const found = indexOf.apply(this, args)
    steps += (found === -1 ? this.length : found) - Math.min(args[1] ?? 0, this.length)
    return found
  }
  String.prototype.slice = function (...args) {
    const piece = slice.apply(this, args)
    steps += piece.length
    return piece
  }
  String.prototype.startsWith = function (...args) {
    steps += args[0].length
    return startsWith.apply(this, args)
  }
  try {
    run()
  } finally {
    Object.assign(String.prototype, { charCodeAt, indexOf, slice, startsWith })
  }
  return steps
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0
  for (let index = 0; index < whole.length && at < part.length; index += 1) if (whole[index] === part[at]) at += 1
  return at === part.length
}
