import { type EvaluationDetails, type FlagValue, StandardResolutionReasons } from '@openfeature/server-sdk'
import type { Decision, Reason } from '@waybill/core'

/** Reasons that a provider may have of LaunchDarkly's own: they are ours too. */
const OURS: ReadonlySet<string> = new Set<Reason>([
  'OFF',
  'FALLTHROUGH',
  'TARGET_MATCH',
  'RULE_MATCH',
  'PREREQUISITE_FAILED',
])

const { DISABLED, SPLIT, TARGETING_MATCH, CACHED, STATIC, UNKNOWN, DEFAULT } = StandardResolutionReasons

/** https://openfeature.dev/specification/types#resolution-reason */
export function reasonOf({ reason }: EvaluationDetails<FlagValue>): Reason {
  if (reason !== undefined && OURS.has(reason)) return reason as Reason
  if (reason === DISABLED) return 'OFF'
  if (reason === TARGETING_MATCH) return 'RULE_MATCH'
  return reason === SPLIT ? 'FALLTHROUGH' : 'PROVIDER'
}

/** Decided by a percentage of the users, as far as the provider says so. */
export function isBucketed({ reason }: EvaluationDetails<FlagValue>): boolean {
  return reason === SPLIT
}

/** What a decision is to an OpenFeature client. One that came from elsewhere is cached, however it was made there. */
export function openFeatureReason({ origin, reason, bucketed }: Decision): string {
  if (origin === 'propagated' || origin === 'recalled') return CACHED
  if (origin === 'override') return STATIC
  if (origin === 'default') return DEFAULT
  if (reason === 'OFF') return DISABLED
  if (bucketed) return SPLIT
  if (reason === 'TARGET_MATCH' || reason === 'RULE_MATCH') return TARGETING_MATCH
  return reason === 'FALLTHROUGH' ? STATIC : UNKNOWN
}
