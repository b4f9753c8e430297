import { characterSet, classOf, refuse, type Take, takeCharacter, takeMembers, takeSet } from './pattern-class.ts'
import { assertion, choice, NO_END, one, type Piece, repeat, sequence } from './pattern-program.ts'

/** As in RE2: no larger count, not even by nesting. */
const MAX_COUNT = 1000
const MAX_DEPTH = 200
const NEWLINE = 10

const isWord = (at: number): boolean =>
  (at >= 48 && at <= 57) || (at >= 65 && at <= 90) || at === 95 || (at >= 97 && at <= 122)
const textBegins = assertion((before) => before === -1)
const textEnds = assertion((_before, after) => after === -1)
const ASSERTIONS: Readonly<Record<string, Piece>> = {
  '^': textBegins,
  $: textEnds,
  '\\A': textBegins,
  '\\z': textEnds,
  '\\b': assertion((before, after) => isWord(before) !== isWord(after)),
  '\\B': assertion((before, after) => isWord(before) === isWord(after)),
}
/** What differs by line, with the flag `m`. */
const BY_LINE: Readonly<Record<string, Piece>> = {
  '^': assertion((before) => before === -1 || before === NEWLINE),
  $: assertion((_before, after) => after === -1 || after === NEWLINE),
}

/** Parses RE2's syntax. Throws a `SyntaxError` for what is no pattern, a `RangeError` for one that is nested too deeply. */
export function parsePattern(source: string): Piece {
  let at = 0
  /** Of `imsU`: the flags that are set here. Greed (`U`) does not matter to whether something is found. */
  let flags: readonly string[] = []
  const names = new Set<string>()
  const take: Take = (expression) => {
    expression.lastIndex = at
    const found = expression.exec(source)
    at += found?.[0].length ?? 0
    return found
  }
  const set = (atoms: readonly string[], negated = false): Piece =>
    one(characterSet(atoms, flags.includes('i'), negated))
  const literal = (codePoint: number): Piece =>
    flags.includes('i') ? set([classOf(codePoint)]) : one((found) => found === codePoint)

  const choices = (depth: number): Piece => {
    if (depth > MAX_DEPTH) throw new RangeError()
    const parts = [pieces(depth)]
    while (take(/\|/y) !== null) parts.push(pieces(depth))
    return choice(parts)
  }

  const pieces = (depth: number): Piece => {
    const parts: Piece[] = []
    while (take(/(?=[^|)])/y) !== null) {
      const quoted = take(/\\Q([\s\S]*?)(?:\\E|$)/y)?.[1]
      if (quoted === undefined) {
        const piece = single(depth)
        if (piece !== undefined) parts.push(repeated(piece))
      } else {
        const literals = Array.from(quoted, (character) => literal(character.codePointAt(0) ?? 0))
        const last = literals.pop()
        parts.push(...literals)
        if (last !== undefined) parts.push(repeated(last))
      }
    }
    return sequence(parts)
  }

  /** `undefined` for a group that only sets flags. */
  const single = (depth: number): Piece | undefined => {
    if (take(/\(/y) !== null) return group(depth)
    const bracket = take(/\[(\^?)/y)
    if (bracket !== null) return set(takeMembers(take), bracket[1] === '^')
    if (take(/\./y) !== null) return one(flags.includes('s') ? () => true : (found) => found !== NEWLINE)
    const sign = take(/[$^]|\\[AzbB]/y)?.[0] ?? ''
    const asserted = (flags.includes('m') ? BY_LINE[sign] : undefined) ?? ASSERTIONS[sign]
    if (asserted !== undefined) return asserted
    const named = takeSet(take)
    return named === undefined ? literal(takeCharacter(take, /[^\\*+?]/uy)) : set([named])
  }

  const group = (depth: number): Piece | undefined => {
    const outer = flags
    const name = take(/\?P?<(\w+)>/y)?.[1]
    if (name !== undefined && names.has(name)) refuse()
    if (name !== undefined) names.add(name)
    const change = name === undefined ? take(/\?(?!\))([imsU]*)(?:-([imsU]+))?([:)])/y) : null
    if (change !== null) {
      const [, on = '', off = '', end] = change
      flags = [...flags, ...on].filter((flag) => !off.includes(flag))
      if (end === ')') return undefined
    }
    const inside = choices(depth + 1)
    if (take(/\)/y) === null) refuse()
    flags = outer
    return inside
  }

  const repeated = (part: Piece): Piece => {
    const found = take(/(?:([*+?])|\{(\d+)(,(\d*))?\})\??/y)
    if (found === null) return part
    const [, sign, from = '0', comma, to] = found
    const min = sign === '+' ? 1 : Number(from)
    const atMost = sign === '?' ? 1 : comma === undefined ? min : Number(to)
    const max = sign === '*' || sign === '+' || to === '' ? NO_END : atMost
    const whole = repeat(part, min, max)
    // Nothing repeats a repetition.
    if (max < min || whole.count > MAX_COUNT || take(/[*+?]|\{\d+(?:,\d*)?\}/y) !== null) refuse()
    return whole
  }

  const whole = choices(0)
  if (at < source.length) refuse()
  return whole
}
