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
const DIGITS = new Uint8Array(128)
for (let digit = 0; digit < 16; digit += 1) DIGITS[digit.toString(16).charCodeAt(0)] = digit

/**
 * The bucket, from 0 to 1: the first 15 hexadecimal digits of a SHA-1, as LaunchDarkly's SDKs take it
 * (https://launchdarkly.com/docs/sdk/concepts/flag-evaluation-rules#rollouts). Strings and integers only; all else is 0.
 */
export function bucketOf(prefix: string, value: JsonValue | undefined): number {
  if (!isBucketable(value)) return 0
  // Digit by digit: slicing and Number.parseInt take a quarter of the hash's own time.
  const digits = hash('sha1', `${prefix}.${value}`, 'hex')
  let high = 0
  let low = 0
  for (let at = 0; at < 7; at += 1) high = high * 16 + (DIGITS[digits.charCodeAt(at)] ?? 0)
  for (let at = 7; at < 15; at += 1) low = low * 16 + (DIGITS[digits.charCodeAt(at)] ?? 0)
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
    return {
      end: sum,
      bucketed: outcomeOf({ variation, bucketed: true, inExperiment }),
      unbucketed: outcomeOf({ variation, bucketed: false, inExperiment }),
      absent: outcomeOf({ variation, bucketed: false, inExperiment: false }),
    }
  })
  const last = slots.at(-1)
  if (last === undefined) return undefined
  const slotAt = (bucket: number): typeof last => {
    for (const slot of slots) if (bucket < slot.end) return slot
    // Past the end it is the last.
    return last
  }
  // Whoever has no bucket has bucket 0. Past the end, Go counts also those of no such kind into the experiment.
  const lowest = slotAt(0)
  const absent = slots.some(({ end }) => end > 0) ? lowest.absent : lowest.unbucketed
  return (context) => {
    const value = read(context)
    if (isBucketable(value)) return slotAt(bucketOf(prefix, value)).bucketed
    return contextOfKind(context, kind) === undefined ? absent : lowest.unbucketed
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
  const prefix = typeof seed === 'number' ? String(seed) : `${flagKey}.${salt}`
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
  const value = read(context)
  const bucket = isBucketable(value) ? bucketOf(prefix, value) : undefined
  return { kind, attribute, bucket, present: contextOfKind(context, kind) !== undefined }
}

function isBucketable(value: JsonValue | undefined): value is string | number {
  return typeof value === 'string' || Number.isInteger(value)
}
