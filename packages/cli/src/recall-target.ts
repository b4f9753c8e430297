import type { JsonValue } from '@waybill/core'
import { flagFault, type NamedFlag, namesOf } from '@waybill/flags'
import { indexOfVariation } from './edits/variation.ts'
import { Failure } from './failure.ts'

export interface RecallTarget {
  readonly to: string
  readonly value?: JsonValue
  readonly notes: readonly string[]
}

/** Each consumer reads it again and again: a larger value goes along only where there is no name to find it by. */
const MAX_VALUE_LENGTH = 256

/**
 * The variation that a person means, as a recall says it: by the name that the code declares, and by its value for code that
 * the store knows no names of. Fails with `bad_input`.
 */
export function recallTarget(flag: NamedFlag, wanted: string): RecallTarget {
  const fault = flagFault(flag)
  if (fault !== undefined) throw new Failure('refused', `"${flag.key}" is malformed, ${fault}: import it anew`)
  const index = indexOfVariation(flag, wanted)
  const given = flag.variationNames?.[index]
  const to = namesOf(flag)[index] ?? wanted
  const value = flag.variations?.[index]
  if (value === undefined) return { to, notes: [] }
  const text = JSON.stringify(value)
  if (given) return { to, ...(text.length <= MAX_VALUE_LENGTH ? { value } : {}), notes: [] }
  const note = `The variations of ${flag.key} have no names in the store: functions find this one by its value, ${text.slice(0, 60)}.`
  return { to, value, notes: [note] }
}
