import { type JsonValue, sameJson } from '@waybill/core'

/** One place where two JSON values differ; `undefined` on the side where there is nothing. */
export interface Difference {
  /** As `fallthrough.rollout.variations[0].weight`. */
  readonly path: string
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
}

/** Where two values differ, as deep as their shapes agree; lists of different length differ as wholes. */
export function differences(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path = '',
): readonly Difference[] {
  if (before !== undefined && after !== undefined) {
    if (sameJson(before, after)) return []
    if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
      return before.flatMap((one: JsonValue, index) => differences(one, after[index], `${path}[${index}]`))
    }
    if (isObject(before) && isObject(after)) {
      const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
      return names.flatMap((name) => differences(before[name], after[name], path === '' ? name : `${path}.${name}`))
    }
  }
  return before === undefined && after === undefined ? [] : [{ path, before, after }]
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
