/** Sets of characters, as RE2 writes them, in terms of JavaScript's: one character at a time, nothing can backtrack. */

/** Reads on by what a sticky expression finds; `null`, and no further, where it does not. */
export type Take = (expression: RegExp) => RegExpExecArray | null

/** It is no pattern. Why is not said: nobody asks more than whether it is one. */
export function refuse(): never {
  throw new SyntaxError()
}

const SPACE = '\\t\\n\\f\\r '
/** RE2's are ASCII; only these differ from JavaScript's. */
const PERL: Readonly<Record<string, string>> = { '\\s': `[${SPACE}]`, '\\S': `[^${SPACE}]` }

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
  punct: '!-/:-@[-`{-~',
  space: '\\t-\\r ',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
}

/**
 * Whether a code point is in a set, given as classes of JavaScript's. What is ASCII is asked of JavaScript once.
 * Throws a `SyntaxError` when JavaScript does not know a class.
 */
export function characterSet(
  atoms: readonly string[],
  ignoreCase: boolean,
  negated = false,
): (codePoint: number) => boolean {
  const expression = new RegExp(`^(?:${atoms.join('|')})$`, ignoreCase ? 'isu' : 'su')
  const known = new Int8Array(128)
  return (codePoint) => {
    const before = known[codePoint] ?? 0
    if (before !== 0) return before === 1
    const contains = expression.test(String.fromCodePoint(codePoint)) !== negated
    known[codePoint] = contains ? 1 : 2
    return contains
  }
}

/** A single character, as a class. */
export function classOf(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`
}

/** Reads the members of `[...]`, behind what opens it, and its end. JavaScript refuses ranges that go backwards. */
export function takeMembers(take: Take): readonly string[] {
  const atoms: string[] = []
  do {
    const set = takePosix(take) ?? takeSet(take)
    if (set === undefined) {
      const from = takeCharacter(take)
      const to = take(/-(?!\])/y) === null ? from : takeCharacter(take)
      atoms.push(`[${classOf(from)}-${classOf(to)}]`)
    } else atoms.push(set)
  } while (take(/\]/y) === null)
  return atoms
}

/** `[:alpha:]`, `[:^alpha:]`: only within `[...]`. */
function takePosix(take: Take): string | undefined {
  const found = take(/\[:(\^?)(\w+):\]/y)
  if (found === null) return undefined
  const [, not, name = ''] = found
  return Object.hasOwn(POSIX, name) ? `[${not}${POSIX[name]}]` : refuse()
}

/** `\d`, and properties (general categories or scripts): `\pL`, `\p{Greek}`, `\P{^Lu}`. */
export function takeSet(take: Take): string | undefined {
  const perl = take(/\\[dDwWsS]/y)?.[0]
  if (perl !== undefined) return PERL[perl] ?? perl
  const property = take(/\\([pP])(?:([A-Z])|\{(\^?)([A-Za-z_]+)\})/y)
  if (property === null) return undefined
  const [, letter, short, not, long] = property
  const name = short ?? long ?? ''
  const script = name === 'Any' || /^[A-Z][a-z]?$/.test(name) ? '' : 'Script='
  return `\\${(letter === 'p') === (not !== '^') ? 'p' : 'P'}{${script}${name}}`
}

/** A character that may stand for itself, or is escaped. */
export function takeCharacter(take: Take, plain: RegExp = /[^\\]/uy): number {
  const itself = take(plain) ?? take(/\\([^0-9A-Za-z\u0080-\u{10ffff}])/uy)
  if (itself !== null) return (itself[1] ?? itself[0]).codePointAt(0) ?? 0
  const hex = take(/\\x(?:([\dA-Fa-f]{2})|\{0*((?:10|[\dA-Fa-f])?[\dA-Fa-f]{1,4})\})/y)
  if (hex !== null) return Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
  const octal = take(/\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/y)?.[1]
  if (octal !== undefined) return Number.parseInt(octal, 8)
  // In their order from BEL, U+0007; RE2 has no `\b` here.
  return 7 + 'a\0tnvfr'.indexOf(take(/\\([afnrtv])/y)?.[1] ?? refuse())
}
