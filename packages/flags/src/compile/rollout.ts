import { hash } from 'node:crypto'
import type { EvaluationContext, JsonValue } from '@waybill/core'
import { contextOfKind } from '../context.ts'
import type { Rollout, WeightedVariation } from '../model.ts'
import { compileReference } from './reference.ts'

/** Where a context falls. `bucketed`: the bucket decided; not so where one variation has all the weight. */
export interface RolledOut {
  readonly variation: number
  readonly bucketed: boolean
  readonly inExperiment: boolean
}

/** 0xFFFFFFFFFFFFFFF, as a double has it. */
const LONG_SCALE = 2 ** 60
const WHOLE = 100_000

/**
 * The bucket, from 0 to 1: the first 15 hexadecimal digits of a SHA-1, as LaunchDarkly's SDKs take it
 * (https://launchdarkly.com/docs/sdk/concepts/flag-evaluation-rules#rollouts). Strings and integers only; all else is 0.
 */
export function bucketOf(prefix: string, value: JsonValue | undefined): number {
  if (!isBucketable(value)) return 0
  return Number.parseInt(hash('sha1', `${prefix}.${value}`, 'hex').slice(0, 15), 16) / LONG_SCALE
}

/** Compiles a percentage rollout; `undefined` when it is malformed. */
export function compileRollout(
  rollout: Rollout,
  flagKey: string,
  salt: string,
): ((context: EvaluationContext) => RolledOut) | undefined {
  const { variations, contextKind, seed } = rollout
  const experiment = rollout.kind === 'experiment'
  // An experiment ignores `bucketBy`: its unit is the context itself.
  const read = compileReference(experiment ? 'key' : rollout.bucketBy || 'key', contextKind)
  const [first] = variations ?? []
  if (first === undefined || read === undefined) return undefined

  const only = variations.filter((one) => one.weight > 0)
  const [winner] = only
  if (!experiment && only.length === 1 && winner !== undefined && winner.weight >= WHOLE) {
    // All weight on one variation: no hash is needed, and no bucket decides.
    const always = { variation: winner.variation, bucketed: false, inExperiment: false }
    return () => always
  }
  const prefix = typeof seed === 'number' ? String(seed) : `${flagKey}.${salt}`
  const kind = contextKind || 'user'
  return (context) => {
    const present = contextOfKind(context, kind) !== undefined
    const value = read(context)
    const chosen = fall(variations, bucketOf(prefix, value)) ?? first
    const inExperiment = experiment && present && !chosen.untracked
    return { variation: chosen.variation, bucketed: isBucketable(value), inExperiment }
  }
}

/** Walks the cumulative weights; past their end it is the last. */
function fall(variations: readonly WeightedVariation[], bucket: number): WeightedVariation | undefined {
  let sum = 0
  for (const one of variations) {
    sum += one.weight / WHOLE
    if (bucket < sum) return one
  }
  return variations.at(-1)
}

function isBucketable(value: JsonValue | undefined): value is string | number {
  return typeof value === 'string' || Number.isInteger(value)
}
