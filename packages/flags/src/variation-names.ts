import { type DeclaredFlag, type JsonValue, sameJson } from '@waybill/core'
import type { FlagData } from './model.ts'

/** As declared names are: only such a name can travel and be a metric's dimension. */
const NAME = /^[\x21-\x7e]{1,64}$/

/**
 * The name of one variation. LaunchDarkly's data has none, and indexes shift when somebody edits the list: the declared
 * name of an equal value, otherwise the scalar value as text if that can be a name, otherwise `v<index>`.
 */
export function variationName(value: JsonValue, index: number, declared?: DeclaredFlag): string {
  for (const [name, one] of declared?.variations ?? []) if (sameJson(one, value)) return name
  return typeof value !== 'object' && NAME.test(String(value)) ? String(value) : `v${index}`
}

/** The names of a flag's variations, by index. */
export function variationNames(variations: readonly JsonValue[]): readonly string[] {
  return variations.map((value, index) => variationName(value, index))
}

/** A flag with its variations' names, which LaunchDarkly's model has no place for and its SDKs pass over. */
export type NamedFlag = FlagData & { readonly variationNames?: readonly string[] }

/** The names of a stored flag's variations, by index: those it was given, otherwise as the evaluator names them. */
export function namesOf(flag: NamedFlag): readonly string[] {
  return variationNames(flag.variations ?? []).map((name, index) => {
    const given = flag.variationNames?.[index]
    return typeof given === 'string' && given !== '' ? given : name
  })
}
