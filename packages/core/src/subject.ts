import { isPlainObject } from './json.ts'
import type { EvaluationContext } from './source.ts'

/**
 * The canonical key of a context: one text per subject, whatever its attributes. `undefined` when there is no subject
 * (no context, no key, an empty key): such a request gets declared defaults and is never part of a rollout.
 * LaunchDarkly's fully qualified key, except that a user's key is escaped like all others: a user who is called
 * `org:acme` is not the organisation `acme`.
 */
export function canonicalKey(context: EvaluationContext | undefined): string | undefined {
  if (!isPlainObject(context)) return undefined
  if (context.kind !== 'multi') return single(context.kind ?? 'user', context.key)
  const kinds = Object.keys(context).filter((kind) => kind !== 'kind')
  const parts: string[] = []
  for (const kind of kinds.sort()) {
    const member: unknown = context[kind]
    const key = isPlainObject(member) ? member['key'] : undefined
    // One kind alone is the same subject as without the wrapping.
    const part = kinds.length === 1 ? single(kind, key) : qualified(kind, key)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts.length === 0 ? undefined : parts.join(':')
}

function single(kind: unknown, key: unknown): string | undefined {
  const text = qualified(kind, key)
  return kind === 'user' ? text?.slice('user:'.length) : text
}

/** LaunchDarkly's rule for names of kinds: https://launchdarkly.com/docs/home/flags/context-kinds */
const KIND = /^[A-Za-z0-9._-]+$/

function qualified(kind: unknown, key: unknown): string | undefined {
  if (typeof key !== 'string' || key === '' || typeof kind !== 'string' || !KIND.test(kind)) return undefined
  return `${kind}:${key.replaceAll('%', '%25').replaceAll(':', '%3A')}`
}
