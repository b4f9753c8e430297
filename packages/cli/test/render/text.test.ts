import { describe, expect, it } from 'vitest'
import { percentOf, printable, shortJson, styleFor, table } from '../../src/render/text.ts'
import { coloursFor } from '../../src/terminal.ts'

describe('colours', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [undefined, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('terminal %s with %j: %s', (isTerminal, env, colours) => {
    expect(coloursFor(isTerminal, env)).toBe(colours)
  })

  it('are there when wanted, and only then', () => {
    expect(styleFor(true).bad('x')).toBe('\u001b[31mx\u001b[39m')
    expect(styleFor(false).bad('x')).toBe('x')
  })
})

describe('text from outside', () => {
  it('cannot move the cursor, break the line or turn its direction', () => {
    expect(printable('a\u001b[2Jb\nc\u202ed\u009b')).toBe('a\\u001b[2Jb\\u000ac\\u202ed\\u009b')
  })

  it('is cut where it is long', () => {
    expect(shortJson('x'.repeat(100), 10)).toBe('"xxxxxxxx…')
  })
})

it('columns are as wide as their widest cell', () => {
  expect(
    table([
      ['a', 'b'],
      ['long', 'c'],
    ]),
  ).toBe('a     b\nlong  c')
})

it.each([
  [10_000, '10 %'],
  [12_500, '12.5 %'],
  [1, '0.001 %'],
])('a weight of %i is %s', (weight, text) => {
  expect(percentOf(weight)).toBe(text)
})
