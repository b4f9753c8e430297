import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern, MAX_INSTRUCTIONS } from '../../src/compile/pattern.ts'

const compiled = (source: string) => {
  const pattern = compilePattern(source)
  if (typeof pattern === 'string') throw new Error(`${source} is ${pattern}`)
  return pattern
}

describe('a hostile text', () => {
  // Each of these holds a backtracking engine for longer than anybody waits, at the lengths below.
  it.each([
    ['^(a+)+$', 'a', '!'],
    ['^(a|a)*$', 'a', '!'],
    ['^(a|aa)+$', 'a', '!'],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a', ''],
    ['(a*)*b', 'a', ''],
    ['^(a?){50}a{50}$', 'a', '!'],
    ['(.*)(.*)(.*)(.*)(.*)x', 'y', ''],
    ['^(\\w+\\s?)*$', 'aaaa ', '!'],
    ['(?:a{0,30}){0,30}b', 'a', ''],
  ])('costs %s no more steps for each character than the pattern is long', (source, repeated, end) => {
    const pattern = compiled(source)
    const stepsFor = (length: number): number => {
      const steps = { count: 0 }
      expect(pattern(repeated.repeat(length) + end, steps)).toBe(false)
      return steps.count / (repeated.length * length + end.length + 1)
    }
    // Bounded, and not growing with the text.
    expect(stepsFor(3000)).toBeLessThanOrEqual(MAX_INSTRUCTIONS)
    expect(stepsFor(3000)).toBeLessThanOrEqual(stepsFor(300) * 1.2)
  })
})

describe('a hostile pattern', () => {
  it.each([
    ['counts side by side', 'x{1000}x{1000}x{1000}'],
    ['counts of counts', '(x{100}y{100}z{100}){9}'],
    ['its length', 'a'.repeat(MAX_INSTRUCTIONS + 1)],
    ['groups without end', '('.repeat(100_000)],
    ['groups in groups', `${'('.repeat(1000)}a${')'.repeat(1000)}`],
  ])('is refused for %s', (_what, source) => {
    expect(compilePattern(source)).toBe('too large')
  })

  it.each(['x{1001}', '(x{100}){100}', '((x{20}){20}){20}'])('counts no further than RE2: %s', (source) => {
    expect(compilePattern(source)).toBe('invalid')
  })

  it('of any text at all is compiled or refused, and never throws', () => {
    const pieces = [
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '2',
      ',',
      '*',
      '+',
      '?',
      '|',
      '^',
      '$',
      '.',
      '\\',
      'a',
      'Q',
      'E',
      'p',
      'L',
      '-',
      ':',
      'i',
      'ü',
      '😀',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), fc.string(), (source, text) => {
        const pattern = compilePattern(source.join(''))
        if (typeof pattern === 'function') expect(typeof pattern(text)).toBe('boolean')
      }),
      { numRuns: 3000 },
    )
  })
})

it('what both read alike is found where JavaScript finds it', () => {
  const atom = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', '\\w', '\\b', '^', '$', '(?:a|bc)', '(?:ab)')
  const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '{2,}', '*?')
  const piece = fc.tuple(atom, quantifier).map(([one, times]) => (/^(\\b|\^|\$)$/.test(one) ? one : one + times))
  const source = fc.array(fc.array(piece, { maxLength: 5 }), { minLength: 1, maxLength: 3 })
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '1', ' '), { maxLength: 10 })
  fc.assert(
    fc.property(source, text, (choices, characters) => {
      const pattern = choices.map((pieces) => pieces.join('')).join('|')
      const value = characters.join('')
      expect([pattern, value, compiled(pattern)(value)]).toEqual([pattern, value, new RegExp(pattern).test(value)])
    }),
    { numRuns: 3000 },
  )
})

// https://github.com/google/re2/wiki/Syntax
it.each([
  ['(?i)straße', 'STRAßE', true],
  ['(?i:a)b', 'Ab', true],
  ['(?i:a)b', 'AB', false],
  ['a(?i)b|c', 'C', true],
  ['(?m)^b$', 'a\nb\nc', true],
  ['^b$', 'a\nb\nc', false],
  ['(?-s).', '\n', false],
  ['(?s).', '\n', true],
  ['(?U)a+', 'aa', true],
  ['[[:digit:][:^ascii:]]', 'ü', true],
  ['[^[:alpha:]]', 'a', false],
  ['[]a]', ']', true],
  ['[a\\-z]', '-', true],
  ['[\\d-z]', '-', true],
  ['\\x41\\x{1F600}\\101\\t', 'A😀A\t', true],
  ['^\\a\\f\\n\\r\\t\\v$', '\x07\f\n\r\t\v', true],
  ['^\\07\\x{0}\\0$', '\x07\0\0', true],
  ['[[:space:]]', '\v', true],
  ['[[:^space:]]', '\v', false],
  ['^[[:word:][:punct:]]+$', 'a_0-/[]{}~', true],
  ['[a-]', '-', true],
  ['\\p{Greek}+', 'abc λ', true],
  ['\\P{L}', 'a', false],
  ['\\pN', '٣', true],
  ['\\d', '٣', false],
  ['\\s', '\v', false],
  ['\\Qa.*\\E+', 'a.**', true],
  ['a{,2}', 'a{,2}', true],
  ['^.{2}$', '😀😀', true],
  ['\\B', '', true],
  ['', 'anything', true],
])('%s in %j: %s', (source, text, found) => {
  expect(compiled(source)(text)).toBe(found)
})

it.each([
  '(?=a)',
  '(?!a)',
  '(?<=a)b',
  '(a)\\1',
  '\\Z',
  '\\8',
  '\\e',
  'a**',
  'a{2}{3}',
  '*a',
  '|+',
  '[z-a]',
  '[a',
  '(a',
  'a)',
  'a\\',
  '[[:nope:]]',
  '\\p{Nope}',
  '\\x{110000}',
  '(?P<n>a)(?P<n>b)',
  '(?z)',
  '(?)',
])('%s is no pattern, for Go neither', (source) => {
  expect(compilePattern(source)).toBe('invalid')
})
