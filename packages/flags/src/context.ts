import type { EvaluationContext, JsonValue } from '@waybill/core'

type Attributes = Readonly<Record<string, JsonValue | undefined>>

/** The part of a context that is of one kind; `undefined` when it has none. */
export function contextOfKind(context: EvaluationContext, kind: string): Attributes | undefined {
  if (context.kind !== 'multi') return (context.kind ?? 'user') === kind ? (context as Attributes) : undefined
  if (kind === 'multi') return undefined
  const part = (context as Readonly<Record<string, unknown>>)[kind]
  return typeof part === 'object' && part !== null ? (part as Attributes) : undefined
}

/** The kinds that are present. */
export function kindsOf(context: EvaluationContext): readonly string[] {
  if (context.kind !== 'multi') return [String(context.kind ?? 'user')]
  return Object.keys(context).filter((kind) => kind !== 'kind')
}

/** LaunchDarkly's rule for names of kinds: https://launchdarkly.com/docs/home/flags/context-kinds */
const KIND = /^[A-Za-z0-9._-]+$/

/** Whether a context has a canonical key (core's `canonicalKey`): without one nothing is decided. Makes no text to find out. */
export function hasSubject(context: EvaluationContext | undefined): boolean {
  if (typeof context !== 'object' || context === null || Array.isArray(context)) return false
  if (context.kind !== 'multi') return isSubject(context.kind ?? 'user', context.key)
  const parts = context as Readonly<Record<string, { readonly key?: unknown } | null>>
  const kinds = kindsOf(context)
  return kinds.length > 0 && kinds.every((kind) => isSubject(kind, parts[kind]?.key))
}

function isSubject(kind: unknown, key: unknown): boolean {
  return typeof key === 'string' && key !== '' && (kind === 'user' || (typeof kind === 'string' && KIND.test(kind)))
}

/** Whether the context of one kind is among those who are named by their keys. */
export function isNamed(context: EvaluationContext, kind: string, keys: ReadonlySet<string>): boolean {
  const key = contextOfKind(context, kind)?.['key']
  return typeof key === 'string' && keys.has(key)
}
