import type { JsonValue } from '@waybill/core'

export interface SemanticVersion {
  /** Decimal, as text: a version number has no largest. */
  readonly numbers: readonly string[]
  readonly prerelease: readonly string[]
}

/** https://semver.org/spec/v2.0.0.html, with the minor and patch numbers optional, as LaunchDarkly takes versions. */
const NUMBER = '(0|[1-9]\\d*)'
const IDENTIFIERS = '([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)'
const VERSION = new RegExp(`^${NUMBER}(?:\\.${NUMBER}(?:\\.${NUMBER})?)?(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?$`)
const DIGITS = /^\d+$/

/** `undefined` for what is no version: not a text, a leading `v`, a leading zero. */
export function parseVersion(value: JsonValue): SemanticVersion | undefined {
  const parts = typeof value === 'string' ? VERSION.exec(value) : null
  if (parts === null) return undefined
  const [, major = '0', minor = '0', patch = '0', identifiers] = parts
  const prerelease = identifiers === undefined ? [] : identifiers.split('.')
  if (prerelease.some((one) => one.length > 1 && one.startsWith('0') && DIGITS.test(one))) return undefined
  return { numbers: [major, minor, patch], prerelease }
}

/** Below 0 when `a` comes first (semver, section 11). */
export function compareVersions(a: SemanticVersion, b: SemanticVersion): number {
  for (let at = 0; at < 3; at += 1) {
    const order = compareNumbers(a.numbers[at] ?? '', b.numbers[at] ?? '')
    if (order !== 0) return order
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length
  for (let at = 0; at < Math.min(a.prerelease.length, b.prerelease.length); at += 1) {
    const order = compareIdentifiers(a.prerelease[at] ?? '', b.prerelease[at] ?? '')
    if (order !== 0) return order
  }
  return a.prerelease.length - b.prerelease.length
}

/** Numbers come before names. */
function compareIdentifiers(a: string, b: string): number {
  const numeric = DIGITS.test(a)
  if (numeric !== DIGITS.test(b)) return numeric ? -1 : 1
  return numeric ? compareNumbers(a, b) : compareText(a, b)
}

function compareNumbers(a: string, b: string): number {
  return a.length === b.length ? compareText(a, b) : a.length - b.length
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
