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
  if (carried.origin === 'propagated' && flag.inFlight === 'recall') {
    const recall = recalls.find((one) => one.flag === flag.key && carried.version <= one.upToVersion)
    if (recall !== undefined) return recalledTo(flag, recall, carried)
  }
  const age = nowSeconds - carried.decidedAtSeconds
  if (carried.origin === 'propagated' && age > flag.maxAgeSeconds) return declaredDefault(flag, 'expired', nowSeconds)
  const declared = flag.variations.get(carried.variation)
  if (declared === undefined) return declaredDefault(flag, 'undeclared_variation', nowSeconds)
  if (carried.digest !== undefined) {
    if (valueDigest(declared) !== carried.digest) return declaredDefault(flag, 'value_unresolved', nowSeconds)
    return { ...carried, value: declared }
  }
  if (jsonKind(carried.value) !== jsonKind(declared)) return declaredDefault(flag, 'wrong_type', nowSeconds)
  return carried
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
