import { type NamedFlag, namesOf, variationNames } from '@waybill/flags'
import { Failure } from '../failure.ts'
import type { Edited } from './edit.ts'

/** One variation's name; an index that is out of range is shown as such. */
export function nameAt(flag: NamedFlag, index: number): string {
  return namesOf(flag)[index] ?? `v${index} (out of range)`
}

/** The index that a person means by a name, by a scalar value or by `v<index>`. Fails with `bad_input`, naming them all. */
export function indexOfVariation(flag: NamedFlag, wanted: string): number {
  const names = namesOf(flag)
  const byValue = variationNames(flag.variations ?? [])
  for (const candidates of [names, byValue, names.map((_, index) => `v${index}`)]) {
    const index = candidates.indexOf(wanted)
    if (index === -1) continue
    if (candidates.indexOf(wanted, index + 1) === -1) return index
    throw new Failure('bad_input', `"${flag.key}" has two variations called "${wanted}": say v0, v1, … by position`)
  }
  const hint = flag.variationNames === undefined ? '; "waybill flags name" gives them names' : ''
  throw new Failure(
    'bad_input',
    `"${flag.key}" has no variation "${wanted}": it has ${names.join(', ') || 'none'}${hint}`,
  )
}

/** As declared names are: only such a name can travel and be a metric's dimension. */
const NAME = /^[\x21-\x7e]{1,64}$/

/** Names all variations, in their order. Fails with `bad_input`. */
export function nameVariations(flag: NamedFlag, names: readonly string[]): Edited {
  const count = flag.variations?.length ?? 0
  if (names.length !== count) {
    throw new Failure('bad_input', `"${flag.key}" has ${count} variations: give each a name, not ${names.length}`)
  }
  const bad = names.find((name, index) => !NAME.test(name) || names.indexOf(name) !== index)
  if (bad !== undefined) {
    const rule = 'each its own, 1 to 64 printable ASCII characters without spaces'
    throw new Failure('bad_input', `"${bad}" is no name for a variation of "${flag.key}": ${rule}`)
  }
  return { flag: { ...flag, variationNames: names }, notes: [] }
}
