import type { EvaluationContext as OpenFeatureContext } from '@openfeature/server-sdk'
import { canonicalKey, type EvaluationContext } from '@waybill/core'

/**
 * Our context in OpenFeature's shape: `key` is the `targetingKey` as well, all attributes stay. Of several kinds, the
 * targeting key is the user's, or else the canonical key of all.
 * https://openfeature.dev/specification/sections/evaluation-context
 */
export function openFeatureContext(context: EvaluationContext): OpenFeatureContext {
  const targetingKey = targetingKeyOf(context)
  return { ...(context as OpenFeatureContext), ...(targetingKey === undefined ? {} : { targetingKey }) }
}

function targetingKeyOf(context: EvaluationContext): string | undefined {
  if (context.kind !== 'multi') return String(context['key'])
  const user = (context as { readonly user?: { readonly key?: unknown } }).user
  return typeof user?.key === 'string' ? user.key : canonicalKey(context)
}
