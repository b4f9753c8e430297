import type { KeyRing } from '../keys.ts'
import type { EvaluationContext } from '../source.ts'

/** A tester's override: whose it is, what it decides, and for how long. */
export type OverrideInput = ({ readonly subjectKey: string } | { readonly context: EvaluationContext }) & {
  /** Flag -> the variation's declared name. */
  readonly decisions: Readonly<Record<string, string>>
  /** At most 86,400: a day. */
  readonly ttlSeconds: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
}

/**
 * Seals an override token for one tester. A bearer secret: whoever sends it is the tester.
 * Throws `bad_option` for what cannot be sealed, `bad_key` for a ring that cannot sign or has no subject secret.
 */
export function sealOverride(_input: OverrideInput, _keys: KeyRing): string {
  return ''
}
