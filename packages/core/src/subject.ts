import { isPlainObject } from './json.ts'
import type { EvaluationContext } from './source.ts'

/**
 * The canonical key of a context: one text per subject, whatever its attributes. `undefined` when there is no subject
 * (no context, no key, an empty key): such a request gets declared defaults and is never part of a rollout.
 * LaunchDarkly's own form: https://launchdarkly.com/docs/sdk/concepts/multi-context (fully qualified key).
 */
export function canonicalKey(context: EvaluationContext | undefined): string | undefined {
  if (!isPlainObject(context)) return undefined
  if (context.kind !== 'multi') return qualified(context.kind ?? 'user', context.key)
  const parts: string[] = []
  for (const kind of Object.keys(context).sort()) {
    if (kind === 'kind') continue
    const member: unknown = context[kind]
    const part = isPlainObject(member) ? qualified(kind, member['key'], true) : undefined
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts.length === 0 ? undefined : parts.join(':')
}

function qualified(kind: unknown, key: unknown, always = false): string | undefined {
  if (typeof key !== 'string' || key === '' || typeof kind !== 'string') return undefined
  return kind === 'user' && !always ? key : `${kind}:${key.replaceAll('%', '%25').replaceAll(':', '%3A')}`
}
