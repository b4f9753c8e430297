/*
 * Texts that operators read, each with what Go reads in it, written by hand. Where Node reads something else, the second
 * entry is what one must tell Node so that it decides as Go does.
 */

/** RFC 3339 and what only looks like it, in milliseconds; `null` for what is no date. */
export const DATES: Readonly<Record<string, number | null>> = {
  '2024-02-29T12:00:00Z': 1709208000000,
  '2024-02-29T12:00:00.5Z': 1709208000500,
  '2024-02-29T14:00:00+02:00': 1709208000000,
  '2024-02-29T07:00:00.001-05:00': 1709208000001,
  '1969-12-31T23:59:59.999Z': -1,
  // Go: a date has nothing less than milliseconds for Node.
  '2024-02-29T12:00:00.0005Z': 1709208000000.5,
  '2024-02-29T12:00:00.0009Z': 1709208000000.9,
  // Go: an hour may have one digit, and letters may be small.
  '2024-02-29T9:00:00Z': 1709197200000,
  '2024-02-29t12:00:00z': 1709208000000,
  // Go: a leap second is the next minute, and the 30th of February the 1st of March.
  '2024-02-29T11:59:60Z': 1709208000000,
  '2024-02-30T12:00:00Z': 1709294400000,
  // Go: up to nine digits of a fraction, hours of an offset up to 99.
  '2024-02-29T12:00:00.1234567890Z': null,
  '2024-02-29T12:00:00+48:00': 1709035200000,
  '2024-02-29T12:00:00': null,
  '2024-02-29': null,
  '2024-13-01T00:00:00Z': null,
  '2024-02-29T24:00:00Z': null,
  '2024-02-29T12:00:00+02': null,
  '2024-02-29T12:00:00Zulu': null,
  yesterday: null,
}

/** Versions, as npm's `semver` would write them; `null` for what is none. */
export const VERSIONS: Readonly<Record<string, string | null>> = {
  '2': '2.0.0',
  '2.1': '2.1.0',
  '2.1.0': '2.1.0',
  '2.1.1': '2.1.1',
  '2.10.0': '2.10.0',
  '10.0.0': '10.0.0',
  '2-beta': '2.0.0-beta',
  '2.1-beta.2': '2.1.0-beta.2',
  '2.1.0-beta.11': '2.1.0-beta.11',
  '2.1.0-beta.x': '2.1.0-beta.x',
  '2.1.0-Beta': '2.1.0-Beta',
  '2.1.0-beta+build.7': '2.1.0-beta',
  '2.1.0+build': '2.1.0',
  '2.1.0-00a': '2.1.0-00a',
  v2: null,
  'v2.1.0': null,
  '02.1.0': null,
  '2.1.0-01': null,
  '2.1.0-': null,
  '2.1.0.1': null,
  '2.x': null,
  '': null,
  // Go: blanks are part of a text.
  ' 2.1.0': null,
}

/** Patterns of RE2, as JavaScript would write them; `null` for what Go refuses. */
export const PATTERNS: Readonly<Record<string, string | null>> = {
  'hello.*rld': 'hello[^\\n]*rld',
  '^2\\.1': '^2\\.1',
  '^[a-c]+$': '^[a-c]+$',
  'a|b|^$': 'a|b|^$',
  '(a+)+$': '(a+)+$',
  '\\bworld\\b': '\\bworld\\b',
  '^(?:a|ab)(?:c|bcd)$': '^(?:a|ab)(?:c|bcd)$',
  'l{2,3}o': 'l{2,3}o',
  '^\\w+@\\w+\\.(com|org)$': '^\\w+@\\w+\\.(com|org)$',
  '[^\\d]': '[^\\d]',
  '***not a regex': null,
  '[': null,
  '(a': null,
  // Go has no look-around and no references back.
  'hello(?= world)': null,
  '(?!a)b': null,
  '(l)\\1': null,
  // Go has flags, classes and quotations that JavaScript has not.
  '(?i)HELLO': '[hH][eE][lL][lL][oO]',
  '^[[:alpha:]]+$': '^[A-Za-z]+$',
  '\\Aa\\z': '^a$',
  '\\Qa.b\\E': 'a\\.b',
  '(?P<who>world)': '(?:world)',
  '(?s)hello.world': 'hello[^]world',
  '^\\pL+$': '^(?:[A-Za-z\\u00dc])+$',
  // Go counts characters, and knows one end of a line.
  '^.$': '^(?:[^\\n\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])$',
  'hello.world': 'hello[^\\n]world',
  'hello\\sworld': 'hello[\\t\\n\\f\\r ]world',
}
export const TEXTS: readonly string[] = [
  'hello world',
  'hello\rworld',
  'hello\u00a0world',
  'hello\nworld',
  'HELLO',
  'abc',
  'a',
  'b',
  'abcd',
  'a.b',
  'Ü',
  '😀',
  'aaaaaaaaaa!',
  'me@example.com',
  'me@example.org ',
  '',
]
