/** Sets of characters, as RE2 writes them, in terms of JavaScript's: one character at a time, nothing can backtrack. */

const SPACE = '\\t\\n\\f\\r '

/** RE2's are ASCII; only `\s` differs from JavaScript's. */
export const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  d: '\\d',
  D: '\\D',
  w: '\\w',
  W: '\\W',
  s: `[${SPACE}]`,
  S: `[^${SPACE}]`,
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\0-\\x7f',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }

/**
 * Whether a code point is in a set, given as classes of JavaScript's. What is ASCII is asked of JavaScript once.
 * Throws a `SyntaxError` when JavaScript does not know a class.
 */
export function characterSet(
  atoms: readonly string[],
  negated: boolean,
  ignoreCase: boolean,
): (codePoint: number) => boolean {
  const expression = new RegExp(`^(?:${atoms.join('|')})$`, ignoreCase ? 'isu' : 'su')
  const known = new Int8Array(128)
  return (codePoint) => {
    const before = codePoint < 128 ? (known[codePoint] ?? 0) : 0
    if (before !== 0) return before === 1
    const contains = expression.test(String.fromCodePoint(codePoint)) !== negated
    if (codePoint < 128) known[codePoint] = contains ? 1 : 2
    return contains
  }
}

/** Reads `[...]` at a place. */
export function readClass(
  source: string,
  start: number,
): readonly [atoms: readonly string[], negated: boolean, end: number] {
  let at = start + 1
  const negated = source[at] === '^'
  if (negated) at += 1
  const atoms: string[] = []
  for (let first = true; ; first = false) {
    if (at >= source.length) throw new SyntaxError(`no end of a class at ${at}`)
    if (source[at] === ']' && !first) return [atoms, negated, at + 1]
    const set = readSet(source, at)
    if (set !== undefined) {
      atoms.push(set.atom)
      at = set.end
      continue
    }
    const from = readMember(source, at)
    at = from.end
    let to = from
    if (source[at] === '-' && at + 1 < source.length && source[at + 1] !== ']') {
      to = readMember(source, at + 1)
      at = to.end
      if (to.codePoint < from.codePoint) throw new SyntaxError(`a range backwards at ${at}`)
    }
    atoms.push(`[\\u{${from.codePoint.toString(16)}}-\\u{${to.codePoint.toString(16)}}]`)
  }
}

interface ReadSet {
  readonly atom: string
  readonly end: number
}

/** A set inside a class: `[:alpha:]`, `\d`, `\pL`. */
function readSet(source: string, at: number): ReadSet | undefined {
  const posix = /\[:(\^?)(\w+):\]/y
  posix.lastIndex = at
  const named = posix.exec(source)
  if (named !== null) {
    const [, not = '', name = ''] = named
    if (!Object.hasOwn(POSIX, name)) throw new SyntaxError(`no such class at ${at}`)
    return { atom: `[${not}${POSIX[name]}]`, end: posix.lastIndex }
  }
  const letter = source[at] === '\\' ? (source[at + 1] ?? '') : ''
  if (Object.hasOwn(CLASS_ESCAPES, letter)) return { atom: CLASS_ESCAPES[letter] ?? '', end: at + 2 }
  return readProperty(source, at)
}

/** `\pL`, `\p{Greek}`, `\P{^Lu}`: a general category or a script. */
export function readProperty(source: string, at: number): ReadSet | undefined {
  const property = /\\([pP])(?:([A-Z])|\{(\^?)([A-Za-z_]+)\})/y
  property.lastIndex = at
  const found = property.exec(source)
  if (found === null) return undefined
  const [, letter, short, not, long] = found
  const name = short ?? long ?? ''
  const isCategory = name === 'Any' || /^[A-Z][a-z]?$/.test(name)
  const positive = (letter === 'p') === (not !== '^')
  return { atom: `\\${positive ? 'p' : 'P'}{${isCategory ? name : `Script=${name}`}}`, end: property.lastIndex }
}

interface ReadCharacter {
  readonly codePoint: number
  readonly end: number
}

function readMember(source: string, at: number): ReadCharacter {
  if (source[at] === '\\') return readEscape(source, at)
  const codePoint = source.codePointAt(at) ?? 0
  return { codePoint, end: at + (codePoint > 0xffff ? 2 : 1) }
}

/** An escaped single character. */
export function readEscape(source: string, at: number): ReadCharacter {
  const form =
    /\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}|(0[0-7]{0,2}|[1-7][0-7]{1,2})|([afnrtv])|([^0-9A-Za-z\u0080-\u{10ffff}]))/uy
  form.lastIndex = at
  const found = form.exec(source)
  if (found === null) throw new SyntaxError(`no such escape at ${at}`)
  const [, short, long, octal, control, itself] = found
  const hex = short ?? long
  const codePoint =
    hex !== undefined
      ? Number.parseInt(hex, 16)
      : octal !== undefined
        ? Number.parseInt(octal, 8)
        : ((control === undefined ? itself?.codePointAt(0) : CONTROL[control]) ?? 0)
  if (codePoint > 0x10ffff) throw new SyntaxError(`no such character at ${at}`)
  return { codePoint, end: form.lastIndex }
}
