import type { JsonValue } from '@waybill/core'

/*
 * LaunchDarkly's flag data, as `sdk/latest-all` gives it and ld-relay stores it. Only what the evaluator reads is typed;
 * whatever else an item holds is kept by the stores.
 */

export interface FlagData {
  readonly key: string
  readonly version: number
  readonly on?: boolean
  readonly deleted?: boolean
  readonly variations?: readonly JsonValue[]
  readonly offVariation?: number | null
  readonly fallthrough?: VariationOrRollout
  readonly targets?: readonly Target[]
  readonly contextTargets?: readonly Target[]
  readonly rules?: readonly Rule[]
  readonly prerequisites?: readonly { readonly key: string; readonly variation: number }[]
  readonly salt?: string
  readonly trackEvents?: boolean
  readonly trackEventsFallthrough?: boolean
}

export interface SegmentData {
  readonly key: string
  readonly version: number
  readonly deleted?: boolean
  /** Keys of users. */
  readonly included?: readonly string[]
  readonly excluded?: readonly string[]
  readonly includedContexts?: readonly SegmentTarget[]
  readonly excludedContexts?: readonly SegmentTarget[]
  readonly rules?: readonly SegmentRule[]
  readonly salt?: string
  /** A big segment: its members are not here. */
  readonly unbounded?: boolean
  readonly unboundedContextKind?: string
  readonly generation?: number | null
}

export interface SegmentTarget {
  readonly contextKind?: string
  readonly values: readonly string[]
}

export interface SegmentRule {
  readonly id?: string
  readonly clauses?: readonly Clause[]
  /** Of 100,000; absent: everybody who matches. */
  readonly weight?: number | null
  readonly bucketBy?: string
  readonly rolloutContextKind?: string
}

export interface VariationOrRollout {
  readonly variation?: number | null
  readonly rollout?: Rollout | null
}

export interface Rollout {
  readonly kind?: 'rollout' | 'experiment'
  readonly contextKind?: string
  readonly variations: readonly WeightedVariation[]
  readonly bucketBy?: string
  readonly seed?: number | null
}

export interface WeightedVariation {
  readonly variation: number
  /** Of 100,000. */
  readonly weight: number
  readonly untracked?: boolean
}

export interface Target {
  readonly contextKind?: string
  readonly values: readonly string[]
  readonly variation: number
}

export interface Rule extends VariationOrRollout {
  readonly id?: string
  readonly clauses?: readonly Clause[]
  readonly trackEvents?: boolean
}

export interface Clause {
  readonly contextKind?: string
  readonly attribute?: string
  readonly op: string
  readonly values: readonly JsonValue[]
  readonly negate?: boolean
}

/** Everything that a ruleset is compiled from; keys are the items' own. */
export interface FlagSet {
  readonly flags: Readonly<Record<string, FlagData>>
  readonly segments?: Readonly<Record<string, SegmentData>>
}
