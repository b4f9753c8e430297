import { CLASS_ESCAPES, characterSet, readClass, readEscape, readProperty } from './pattern-class.ts'

/** What a pattern says. A code point of -1 is beyond the text's ends. */
export type PatternNode =
  | { readonly kind: 'one'; readonly test: (codePoint: number) => boolean }
  | { readonly kind: 'at'; readonly test: (before: number, after: number) => boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number }

interface Flags {
  readonly i: boolean
  readonly m: boolean
  readonly s: boolean
  readonly U: boolean
}

/** As in RE2: no larger count, not even by nesting. */
const MAX_COUNT = 1000
const MAX_DEPTH = 200
const NEWLINE = 10

const isWord = (at: number): boolean =>
  (at >= 48 && at <= 57) || (at >= 65 && at <= 90) || at === 95 || (at >= 97 && at <= 122)
const textBegins: PatternNode = { kind: 'at', test: (before) => before === -1 }
const textEnds: PatternNode = { kind: 'at', test: (_before, after) => after === -1 }
const lineBegins: PatternNode = { kind: 'at', test: (before) => before === -1 || before === NEWLINE }
const lineEnds: PatternNode = { kind: 'at', test: (_before, after) => after === -1 || after === NEWLINE }
const ASSERTIONS: Readonly<Record<string, PatternNode>> = {
  A: textBegins,
  z: textEnds,
  b: { kind: 'at', test: (before, after) => isWord(before) !== isWord(after) },
  B: { kind: 'at', test: (before, after) => isWord(before) === isWord(after) },
}

/** Parses RE2's syntax. Throws a `SyntaxError` for what is no pattern, a `RangeError` for one that is nested too deeply. */
export function parsePattern(source: string): PatternNode {
  let at = 0
  let flags: Flags = { i: false, m: false, s: false, U: false }
  const names = new Set<string>()
  const fail = (why: string): never => {
    throw new SyntaxError(`${why} at ${at}`)
  }
  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = at
    const found = expression.exec(source)
    if (found !== null) at += found[0].length
    return found
  }

  const choice = (depth: number): PatternNode => {
    if (depth > MAX_DEPTH) throw new RangeError('nested too deeply')
    const parts = [sequence(depth)]
    while (source[at] === '|') {
      at += 1
      parts.push(sequence(depth))
    }
    return parts.length === 1 ? (parts[0] as PatternNode) : { kind: 'choice', parts }
  }

  const sequence = (depth: number): PatternNode => {
    const parts: PatternNode[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const quoted = take(/\\Q([\s\S]*?)(?:\\E|$)/y)
      if (quoted !== null) {
        const literals = Array.from(quoted[1] ?? '', (one) => literal(one.codePointAt(0) ?? 0))
        const last = literals.pop()
        parts.push(...literals)
        if (last !== undefined) parts.push(repeated(last))
        continue
      }
      const one = single(depth)
      if (one !== undefined) parts.push(repeated(one))
    }
    return { kind: 'sequence', parts }
  }

  /** `undefined` for a group that only sets flags. */
  const single = (depth: number): PatternNode | undefined => {
    const character = source[at] ?? ''
    if (character === '(') return group(depth)
    if (character === '[') {
      const [atoms, negated, end] = readClass(source, at)
      at = end
      return { kind: 'one', test: characterSet(atoms, negated, flags.i) }
    }
    if (character === '\\') return escaped()
    if ('*+?'.includes(character)) fail('nothing to repeat')
    at += 1
    if (character === '.') return { kind: 'one', test: flags.s ? () => true : (one) => one !== NEWLINE }
    if (character === '^') return flags.m ? lineBegins : textBegins
    if (character === '$') return flags.m ? lineEnds : textEnds
    at -= 1
    const codePoint = source.codePointAt(at) ?? 0
    at += codePoint > 0xffff ? 2 : 1
    return literal(codePoint)
  }

  const literal = (codePoint: number): PatternNode => ({
    kind: 'one',
    test: flags.i ? characterSet([`\\u{${codePoint.toString(16)}}`], false, true) : (one) => one === codePoint,
  })

  const escaped = (): PatternNode => {
    const letter = source[at + 1] ?? ''
    const assertion = Object.hasOwn(ASSERTIONS, letter) ? ASSERTIONS[letter] : undefined
    const perl = Object.hasOwn(CLASS_ESCAPES, letter) ? CLASS_ESCAPES[letter] : undefined
    if (assertion !== undefined || perl !== undefined) at += 2
    if (assertion !== undefined) return assertion
    if (perl !== undefined) return { kind: 'one', test: characterSet([perl], false, flags.i) }
    const property = readProperty(source, at)
    if (property !== undefined) {
      at = property.end
      return { kind: 'one', test: characterSet([property.atom], false, flags.i) }
    }
    const { codePoint, end } = readEscape(source, at)
    at = end
    return literal(codePoint)
  }

  const group = (depth: number): PatternNode | undefined => {
    const outer = flags
    at += 1
    const name = take(/\?P?<(\w+)>/y)?.[1]
    if (name !== undefined) {
      if (names.has(name)) fail('a name twice')
      names.add(name)
    } else if (source[at] === '?') {
      const [, on = '', off, end] = take(/\?([imsU]*)(?:-([imsU]+))?([:)])/y) ?? fail('no such group')
      const set = (letter: string, before: boolean): boolean =>
        !off?.includes(letter) && (on.includes(letter) || before)
      flags = { i: set('i', flags.i), m: set('m', flags.m), s: set('s', flags.s), U: set('U', flags.U) }
      if (end === ')') {
        if (on === '' && off === undefined) fail('no flags')
        return undefined
      }
    }
    const inside = choice(depth + 1)
    if (source[at] !== ')') fail('no end of a group')
    at += 1
    flags = outer
    return inside
  }

  const repeated = (part: PatternNode): PatternNode => {
    const found = take(/(?:[*+?]|\{(\d+)(,(\d*))?\})\??/y)
    if (found === null) return part
    const [text, from, comma, to] = found
    if (from === undefined) {
      refuseAnother()
      return { kind: 'repeat', part, min: text[0] === '+' ? 1 : 0, max: text[0] === '?' ? 1 : Number.POSITIVE_INFINITY }
    }
    const min = Number(from)
    const max = comma === undefined ? min : to === '' ? Number.POSITIVE_INFINITY : Number(to)
    const largest = max === Number.POSITIVE_INFINITY ? min : max
    if (max < min || largest * largestCount(part) > MAX_COUNT) fail('a count too large')
    refuseAnother()
    return { kind: 'repeat', part, min, max }
  }

  const refuseAnother = (): void => {
    if (/[*+?]|\{\d+(?:,\d*)?\}/y.exec(source.slice(at, at + 12)) !== null) fail('a repetition of a repetition')
  }

  const whole = choice(0)
  if (at < source.length) fail('an end of no group')
  return whole
}

/** The counts inside, multiplied down to the deepest: `(a{10}){20}` counts to 200. */
function largestCount(node: PatternNode): number {
  switch (node.kind) {
    case 'one':
    case 'at':
      return 1
    case 'sequence':
    case 'choice':
      return node.parts.reduce((largest, part) => Math.max(largest, largestCount(part)), 1)
    case 'repeat': {
      const own = Number.isFinite(node.max) ? node.max : node.min
      return Math.max(own, 1) * largestCount(node.part)
    }
  }
}
