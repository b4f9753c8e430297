import type { EvaluationContext as OpenFeatureContext } from '@openfeature/server-sdk'
import { canonicalKey, type EvaluationContext } from '@waybill/core'

/**
 * Our context in OpenFeature's shape. Of one kind: `key` becomes the `targetingKey`, everything else stays. Of several
 * kinds: all of them stay, and the targeting key is the user's, or else the canonical key of all.
 * https://openfeature.dev/specification/sections/evaluation-context
 */
export function openFeatureContext(context: EvaluationContext): OpenFeatureContext {
  if (context.kind !== 'multi') {
    // Not beside `key`: LaunchDarkly's provider logs a warning per evaluation of a context that has both.
    const { key, ...attributes } = context as OpenFeatureContext & { readonly key?: unknown }
    return targeted(attributes, key)
  }
  const user = (context as { readonly user?: { readonly key?: unknown } }).user
  return targeted({ ...(context as OpenFeatureContext) }, user?.key ?? canonicalKey(context))
}

function targeted(context: OpenFeatureContext, key: unknown): OpenFeatureContext {
  return typeof key === 'string' && key !== '' ? { ...context, targetingKey: key } : context
}
