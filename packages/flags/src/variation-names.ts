import { type DeclaredFlag, type JsonValue, sameJson } from '@waybill/core'

/**
 * The names of a flag's variations, by index. LaunchDarkly's data has none, and indexes shift when somebody edits the list:
 * the declared name of an equal value, otherwise the scalar value as text, otherwise `v<index>`.
 */
export function variationNames(variations: readonly JsonValue[], declared?: DeclaredFlag): readonly string[] {
  return variations.map((value, index) => {
    for (const [name, one] of declared?.variations ?? []) if (sameJson(one, value)) return name
    return typeof value === 'object' || value === '' ? `v${index}` : String(value)
  })
}
