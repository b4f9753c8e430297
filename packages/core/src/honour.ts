import type { Cause, Decision } from './decision.ts'
import type { DeclaredFlag } from './declared-flag.ts'
import { type JsonValue, jsonKind, sameJson } from './json.ts'
import type { Recall, SourceDecision } from './source.ts'
import { valueDigest } from './token/format-1.ts'
import type { Waybill } from './waybill.ts'

/** The declared default, and what led to it. */
export function declaredDefault(flag: DeclaredFlag, cause: Cause, decidedAtSeconds: number): Decision {
  return {
    flag: flag.key,
    variation: flag.defaultVariation,
    value: flag.defaultValue,
    version: 0,
    reason: 'DEFAULT',
    origin: 'default',
    cause,
    decidedAtSeconds,
  }
}

/**
 * What a source said of a declared flag, made a decision. At the edge the declared default takes the place of what the
 * edge does not declare, so that the whole chain runs one variation: the one that was stamped.
 */
export function decided(
  flag: DeclaredFlag,
  said: SourceDecision | { readonly cause: Cause },
  nowSeconds: number,
): Decision {
  if ('cause' in said) return declaredDefault(flag, said.cause, nowSeconds)
  const { value, version, reason, bucketed, inExperiment, track } = said
  if (jsonKind(value) !== jsonKind(flag.defaultValue)) return declaredDefault(flag, 'wrong_type', nowSeconds)
  const variation = variationOf(flag, said)
  if (variation === undefined) return declaredDefault(flag, 'undeclared_variation', nowSeconds)
  return {
    flag: flag.key,
    variation,
    value,
    version,
    reason,
    origin: 'evaluated',
    decidedAtSeconds: nowSeconds,
    bucketed: bucketed ?? false,
    inExperiment: inExperiment ?? false,
    track: track ?? false,
  }
}

/** A source may know the declared name; where it does not, the value tells. */
function variationOf(flag: DeclaredFlag, said: SourceDecision): string | undefined {
  const named = flag.variations.get(said.variation)
  if (named !== undefined && sameJson(named, said.value)) return said.variation
  return nameOf(flag, said.value)
}

function nameOf(flag: DeclaredFlag, wanted: JsonValue | undefined): string | undefined {
  if (wanted === undefined) return undefined
  for (const [name, value] of flag.variations) if (sameJson(value, wanted)) return name
  return undefined
}

/** What a propagated waybill means for one declared flag, here and now. Pure: the scope counts `cause`. */
export function honoured(
  flag: DeclaredFlag,
  waybill: Waybill,
  nowSeconds: number,
  recalls: readonly Recall[],
): Decision {
  const carried = waybill.decisions.get(flag.key)
  if (carried === undefined) {
    return declaredDefault(flag, waybill.droppedCount > 0 ? 'dropped' : 'undecided', nowSeconds)
  }
  const recall = recallOf(flag, carried, recalls)
  if (recall !== undefined) return recalledTo(flag, recall, carried)
  const expired = isExpired(flag, carried, nowSeconds)
  if (expired && flag.whenExpired !== 'keep') return declaredDefault(flag, 'expired', nowSeconds)
  const declared = flag.variations.get(carried.variation)
  if (declared === undefined) return declaredDefault(flag, 'undeclared_variation', nowSeconds)
  if (carried.digest !== undefined) {
    if (valueDigest(declared) !== carried.digest) return declaredDefault(flag, 'value_unresolved', nowSeconds)
    return expired ? { ...carried, value: declared, cause: 'expired_kept' } : { ...carried, value: declared }
  }
  if (jsonKind(carried.value) !== jsonKind(declared)) return declaredDefault(flag, 'wrong_type', nowSeconds)
  return expired ? { ...carried, cause: 'expired_kept' } : carried
}

/** Decisions age on their way; what this function decided itself does not. */
function isExpired(flag: DeclaredFlag, { origin, decidedAtSeconds }: Decision, nowSeconds: number): boolean {
  return origin === 'propagated' && nowSeconds - decidedAtSeconds > flag.maxAgeSeconds
}

function recallOf(flag: DeclaredFlag, { origin, version }: Decision, recalls: readonly Recall[]): Recall | undefined {
  if (origin !== 'propagated' || flag.inFlight !== 'recall') return undefined
  return recalls.find((one) => one.flag === flag.key && version <= one.upToVersion)
}

/** The flags whose decisions are too old and are to be made anew. A recall is newer than both: it has the last word. */
export function toReevaluate(
  flags: readonly DeclaredFlag[],
  waybill: Waybill,
  nowSeconds: number,
  recalls: readonly Recall[],
): readonly DeclaredFlag[] {
  return flags.filter((flag) => {
    const carried = flag.whenExpired === 'evaluate' ? waybill.decisions.get(flag.key) : undefined
    if (carried === undefined || !isExpired(flag, carried, nowSeconds)) return false
    return recallOf(flag, carried, recalls) === undefined
  })
}

function recalledTo(flag: DeclaredFlag, recall: Recall, carried: Decision): Decision {
  const variation = flag.variations.has(recall.to) ? recall.to : nameOf(flag, recall.value)
  const value = variation === undefined ? undefined : flag.variations.get(variation)
  const { version, decidedAtSeconds } = carried
  if (variation === undefined || value === undefined) {
    return declaredDefault(flag, 'undeclared_variation', decidedAtSeconds)
  }
  return {
    flag: flag.key,
    variation,
    value,
    version,
    reason: 'RECALL',
    origin: 'recalled',
    decidedAtSeconds,
  }
}
