import { hash } from 'node:crypto'
import type { EvaluationContext, JsonValue } from '@waybill/core'
import type { Rollout } from '@waybill/flags'

/** Where a context falls in a rollout; without a bucket when it has nothing to be bucketed by. */
export interface Fall {
  readonly kind: string
  readonly attribute: string
  readonly bucket: number | undefined
}

/**
 * The bucket that the evaluator uses, shown: the first 15 hexadecimal digits of a SHA-1
 * (https://launchdarkly.com/docs/sdk/concepts/flag-evaluation-rules#rollouts).
 */
export function fallOf(rollout: Rollout, flagKey: string, salt: string, context: EvaluationContext): Fall {
  const kind = rollout.contextKind || 'user'
  const attribute = rollout.kind === 'experiment' ? 'key' : rollout.bucketBy || 'key'
  const value = read(partOf(context, kind), rollout.contextKind ? stepsOf(attribute) : [attribute])
  const bucketable = typeof value === 'string' || Number.isInteger(value)
  if (!bucketable) return { kind, attribute, bucket: undefined }
  const prefix = typeof rollout.seed === 'number' ? String(rollout.seed) : `${flagKey}.${salt}`
  const digits = hash('sha1', `${prefix}.${value}`, 'hex').slice(0, 15)
  return { kind, attribute, bucket: Number.parseInt(digits, 16) / 2 ** 60 }
}

/** The part of a context that is of one kind. */
export function partOf(context: EvaluationContext, kind: string): JsonValue | undefined {
  const whole = context as { readonly [field: string]: JsonValue }
  if (context.kind === 'multi') return kind === 'kind' ? undefined : whole[kind]
  return (context.kind ?? 'user') === kind ? whole : undefined
}

function stepsOf(reference: string): readonly string[] {
  if (!reference.startsWith('/')) return [reference]
  const steps = reference.slice(1).split('/')
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function read(from: JsonValue | undefined, steps: readonly string[]): JsonValue | undefined {
  let value = from
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
      return undefined
    value = (value as { readonly [name: string]: JsonValue })[step]
  }
  return value
}
