import { hash } from 'node:crypto'
import type { EvaluationContext, JsonValue } from '@waybill/core'
import { contextOfKind } from '../context.ts'
import type { Rollout } from '../model.ts'
import { compileReference, type Reference } from './reference.ts'

/** Where a context falls. `bucketed`: the bucket decided; not so where one variation has all the weight. */
export interface RolledOut {
  readonly variation: number
  readonly bucketed: boolean
  readonly inExperiment: boolean
}

/** 0xFFFFFFFFFFFFFFF, as a double has it. */
const LONG_SCALE = 2 ** 60
export const WHOLE = 100_000

/**
 * The bucket, from 0 to 1: the first 60 bits of a SHA-1, as LaunchDarkly's SDKs take it
 * (https://launchdarkly.com/docs/sdk/concepts/flag-evaluation-rules#rollouts). Strings and integers only; `undefined` for
 * all else, which counts as 0.
 */
export function bucketOf(prefix: string, value: JsonValue | undefined): number | undefined {
  if (typeof value !== 'string' && !Number.isInteger(value)) return undefined
  // One character for each byte: making hexadecimal digits, and reading them, takes about a fifth of the hash's own time.
  const bytes = hash('sha1', `${prefix}${value}`, 'binary')
  const at = (index: number): number => bytes.charCodeAt(index)
  const high = (at(0) << 20) | (at(1) << 12) | (at(2) << 4) | (at(3) >> 4)
  const low = ((at(3) << 28) | (at(4) << 20) | (at(5) << 12) | (at(6) << 4) | (at(7) >> 4)) >>> 0
  return (high * 2 ** 32 + low) / LONG_SCALE
}

/**
 * Compiles a percentage rollout; `undefined` when it is malformed. `outcomeOf` makes what it answers, once for each way
 * that a context can fall: evaluating allocates nothing but the hashed text.
 */
export function compileRollout<T>(
  rollout: Rollout,
  flagKey: string,
  salt: string,
  outcomeOf: (fell: RolledOut) => T,
): ((context: EvaluationContext) => T) | undefined {
  const variations = rollout.variations ?? []
  const experiment = rollout.kind === 'experiment'
  const unit = unitOf(rollout, flagKey, salt)
  if (unit === undefined) return undefined
  const { read, prefix, kind } = unit

  const [winner, ...others] = variations.filter((one) => one.weight > 0)
  if (!experiment && winner !== undefined && others.length === 0 && winner.weight >= WHOLE) {
    // All weight on one variation: no hash is needed, and no bucket decides.
    const always = outcomeOf({ variation: winner.variation, bucketed: false, inExperiment: false })
    return () => always
  }
  let sum = 0
  const slots = variations.map(({ variation, weight, untracked }) => {
    sum += weight / WHOLE
    const inExperiment = experiment && !untracked
    return { end: sum, variation, inExperiment, outcome: outcomeOf({ variation, bucketed: true, inExperiment }) }
  })
  const last = slots.at(-1)
  if (last === undefined) return undefined
  const slotAt = (bucket: number): typeof last => {
    for (const slot of slots) if (bucket < slot.end) return slot
    // Past the end it is the last.
    return last
  }
  // Whoever has no bucket has bucket 0. Past the end, Go counts also those of no such kind into the experiment.
  const { variation, inExperiment, end } = slotAt(0)
  const unbucketed = outcomeOf({ variation, bucketed: false, inExperiment })
  const absent = end > 0 ? outcomeOf({ variation, bucketed: false, inExperiment: false }) : unbucketed
  return (context) => {
    const bucket = bucketOf(prefix, read(context))
    if (bucket !== undefined) return slotAt(bucket).outcome
    return contextOfKind(context, kind) === undefined ? absent : unbucketed
  }
}

/** What a rollout buckets by, and the text that goes before it into the hash. */
interface Unit {
  readonly kind: string
  readonly attribute: string
  readonly read: Reference
  readonly prefix: string
}

function unitOf({ contextKind, seed, bucketBy, kind }: Rollout, flagKey: string, salt: string): Unit | undefined {
  // An experiment ignores `bucketBy`: its unit is the context itself.
  const attribute = kind === 'experiment' ? 'key' : bucketBy || 'key'
  const read = compileReference(attribute, contextKind ?? undefined)
  const prefix = typeof seed === 'number' ? `${seed}.` : `${flagKey}.${salt}.`
  return read && { kind: contextKind || 'user', attribute, read, prefix }
}

/** Where a context falls in a rollout, to be shown to people. */
export interface Fall {
  readonly kind: string
  readonly attribute: string
  /** From 0 to 1; undefined when there is nothing to bucket by, which counts as 0. */
  readonly bucket: number | undefined
  /** Whether the context has the rollout's kind at all. */
  readonly present: boolean
}

/** The bucket that the evaluator uses, for explanations; `undefined` for a malformed rollout. */
export function fallOf(rollout: Rollout, flagKey: string, salt: string, context: EvaluationContext): Fall | undefined {
  const unit = unitOf(rollout, flagKey, salt)
  if (unit === undefined) return undefined
  const { kind, attribute, read, prefix } = unit
  return {
    kind,
    attribute,
    bucket: bucketOf(prefix, read(context)),
    present: contextOfKind(context, kind) !== undefined,
  }
}
