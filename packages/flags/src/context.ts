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
