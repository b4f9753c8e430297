import type { JsonValue } from '@waybill/core'

export interface SemanticVersion {
  /** Decimal, as text: a version number has no largest. */
  readonly numbers: readonly string[]
  readonly prerelease: readonly string[]
}

/** https://semver.org/spec/v2.0.0.html, with the minor and patch numbers optional, as LaunchDarkly takes versions. */
const NUMBER = '(0|[1-9]\\d*)'
/** A number has no leading zero here either. */
const PRERELEASE = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)'
const BUILD = '[0-9A-Za-z-]+'
const VERSION = new RegExp(
  `^${NUMBER}(?:\\.${NUMBER}(?:\\.${NUMBER})?)?` +
    `(?:-(${PRERELEASE}(?:\\.${PRERELEASE})*))?(?:\\+${BUILD}(?:\\.${BUILD})*)?$`,
)

/** `undefined` for what is no version: not a text, a leading `v`, a leading zero. */
export function parseVersion(value: JsonValue): SemanticVersion | undefined {
  const parts = typeof value === 'string' ? VERSION.exec(value) : null
  if (parts === null) return undefined
  const [, major = '0', minor = '0', patch = '0', identifiers] = parts
  return { numbers: [major, minor, patch], prerelease: identifiers?.split('.') ?? [] }
}

/** Below 0 when `a` comes first (semver, section 11). */
export function compareVersions(a: SemanticVersion, b: SemanticVersion): number {
  const order = compareLists(a.numbers, b.numbers)
  if (order !== 0) return order
  // Before a release come all that lead up to it.
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length
  return compareLists(a.prerelease, b.prerelease)
}

/** By the first difference; otherwise the shorter comes first. */
function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [at, one] of a.entries()) {
    const order = compareIdentifiers(one, b[at])
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Numbers come before names. */
function compareIdentifiers(a: string, b: string | undefined): number {
  if (b === undefined) return 1
  const isNumber = /^\d+$/.test(a)
  if (isNumber !== /^\d+$/.test(b)) return isNumber ? -1 : 1
  if (isNumber && a.length !== b.length) return a.length - b.length
  return a < b ? -1 : Number(a > b)
}
