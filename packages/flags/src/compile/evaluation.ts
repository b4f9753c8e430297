import type { JsonValue } from '@waybill/core'
import type { FlagData } from '../model.ts'
import { variationName } from '../variation-names.ts'

/** LaunchDarkly's evaluation reason. */
export interface EvaluationReason {
  readonly kind: 'OFF' | 'FALLTHROUGH' | 'TARGET_MATCH' | 'RULE_MATCH' | 'PREREQUISITE_FAILED' | 'ERROR'
  readonly ruleIndex?: number
  readonly ruleId?: string
  readonly prerequisiteKey?: string
  readonly inExperiment?: boolean
  readonly errorKind?: 'FLAG_NOT_FOUND' | 'MALFORMED_FLAG' | 'USER_NOT_SPECIFIED' | 'WRONG_TYPE'
  /** A big segment was asked for, whose members are not here. */
  readonly bigSegmentsStatus?: 'NOT_CONFIGURED'
}

/**
 * One evaluation. `variationIndex` is undefined where the fallback was taken. Frozen: a flag can come out in a few ways
 * only, each is made when it is compiled, and the same object is answered to everybody.
 */
export interface Evaluation {
  readonly value: JsonValue
  readonly variationIndex?: number
  readonly variation?: string
  readonly version: number
  readonly reason: EvaluationReason
  readonly bucketed: boolean
  readonly track: boolean
}

/** The chosen outcome cannot be had. A flag that has this one as a prerequisite sees it fail. */
export const MALFORMED: EvaluationReason = Object.freeze({ kind: 'ERROR', errorKind: 'MALFORMED_FLAG' })

/** A cycle, or a rule that cannot be read: nothing that needs this flag can be decided either. Told apart by identity. */
export const MALFORMED_THROUGHOUT: EvaluationReason = Object.freeze({ ...MALFORMED })

/** A flag at one place of its list; without a place, or at one that is not there, it has none. */
export function evaluationAt(
  flag: FlagData,
  index: number | null | undefined,
  reason: EvaluationReason,
  { track = false, bucketed = false }: { readonly track?: boolean; readonly bucketed?: boolean } = {},
): Evaluation {
  if (index === undefined || index === null) return withoutVariation(flag.version, reason)
  const value = flag.variations?.[index]
  if (value === undefined) return withoutVariation(flag.version, MALFORMED)
  return Object.freeze({
    value,
    variationIndex: index,
    variation: variationName(value, index),
    version: flag.version,
    reason: Object.freeze(reason),
    bucketed,
    track: track || (flag.trackEvents ?? false),
  })
}

/** The caller's fallback; until there is a caller, null. */
export function withoutVariation(version: number, reason: EvaluationReason, value: JsonValue = null): Evaluation {
  return Object.freeze({ value, version, reason: Object.freeze(reason), bucketed: false, track: false })
}
