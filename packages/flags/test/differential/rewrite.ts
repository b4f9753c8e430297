import type { EvaluationContext, JsonValue } from '@waybill/core'
import { contextOfKind, kindsOf } from '../../src/context.ts'
import type { Clause, FlagData, Rollout, SegmentData, SegmentRule, VariationOrRollout } from '../../src/model.ts'
import type { Snapshot } from './generate.ts'

/** One evaluation. */
export interface Question {
  readonly data: Snapshot
  readonly key: string
  readonly context: EvaluationContext
}

/** Without the flags and segments that the answer cannot depend on. */
export function reachable(question: Question): Question {
  const { flags, segments } = question.data
  const wanted = new Set<string>()
  const visit = (item: FlagData | SegmentData | undefined, at: string): void => {
    if (item === undefined || wanted.has(at)) return
    wanted.add(at)
    for (const { key } of ('prerequisites' in item ? item.prerequisites : undefined) ?? [])
      visit(flags[key], `flag ${key}`)
    for (const { op, values } of item.rules?.flatMap(({ clauses }) => clauses ?? []) ?? []) {
      if (op === 'segmentMatch') for (const key of values) visit(segments[String(key)], `segment ${key}`)
    }
  }
  visit(flags[question.key], `flag ${question.key}`)
  const kept = <T>(items: Readonly<Record<string, T>>, kind: string): Record<string, T> =>
    Object.fromEntries(Object.entries(items).filter(([key]) => wanted.has(`${kind} ${key}`)))
  return { ...question, data: { flags: kept(flags, 'flag'), segments: kept(segments, 'segment') } }
}

type Fields = Readonly<Record<string, JsonValue>>

const each = <T, U>(items: Readonly<Record<string, T>>, change: (item: T, key: string) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(items).map(([key, item]) => [key, change(item, key)]))

export function withFlags(question: Question, change: (flag: FlagData, key: string) => FlagData): Question {
  return { ...question, data: { ...question.data, flags: each(question.data.flags, change) } }
}

export function withSegments(question: Question, change: (segment: SegmentData) => SegmentData): Question {
  return { ...question, data: { ...question.data, segments: each(question.data.segments, change) } }
}

export function withSegmentRules(question: Question, change: (rule: SegmentRule) => SegmentRule): Question {
  return withSegments(question, (segment) => ({ ...segment, rules: (segment.rules ?? []).map(change) }))
}

export function withClauses(question: Question, change: (clause: Clause) => Clause): Question {
  const all = <R extends { readonly clauses?: readonly Clause[] }>(rule: R): R => ({
    ...rule,
    clauses: (rule.clauses ?? []).map(change),
  })
  const flags = withFlags(question, (flag) => ({ ...flag, rules: (flag.rules ?? []).map(all) }))
  return withSegmentRules(flags, all)
}

export function withOutcomes(
  question: Question,
  change: (outcome: VariationOrRollout, key: string) => VariationOrRollout,
): Question {
  return withFlags(question, (flag, key) => ({
    ...flag,
    fallthrough: change(flag.fallthrough ?? {}, key),
    rules: (flag.rules ?? []).map((rule) => ({ ...rule, ...change(rule, key) })),
  }))
}

export function withRollouts(question: Question, change: (rollout: Rollout) => Rollout): Question {
  return withOutcomes(question, (outcome) =>
    outcome.rollout ? { ...outcome, rollout: change(outcome.rollout) } : outcome,
  )
}

/** Attribute references, wherever there are some. */
export function withReferences(
  question: Question,
  change: (reference: string | undefined, contextKind: string | undefined) => string,
): Question {
  const asked = withClauses(question, (clause) => ({
    ...clause,
    attribute: change(clause.attribute, clause.contextKind),
  }))
  const rolled = withRollouts(asked, (rollout) => ({
    ...rollout,
    bucketBy: change(rollout.bucketBy, rollout.contextKind),
  }))
  return withSegmentRules(rolled, (rule) => ({ ...rule, bucketBy: change(rule.bucketBy, rule.rolloutContextKind) }))
}

/** Adds to each part of the context what it says itself. */
export function withAttributes(
  context: EvaluationContext,
  add: (part: Fields, kind: string) => Fields,
): EvaluationContext {
  const extended = (kind: string): Fields => {
    const part = contextOfKind(context, kind) as Fields
    const custom = (part['custom'] ?? {}) as Fields
    const more = add(context.kind === undefined ? { ...custom, ...part } : part, kind)
    return context.kind === undefined ? { ...part, custom: { ...custom, ...more } } : { ...part, ...more }
  }
  if (context.kind !== 'multi') return extended(context.kind ?? 'user') as EvaluationContext
  const parts = Object.fromEntries(kindsOf(context).map((kind) => [kind, extended(kind)]))
  return { kind: 'multi', ...parts } as EvaluationContext
}

export const has = (context: EvaluationContext, kind: string | undefined): boolean =>
  contextOfKind(context, kind || 'user') !== undefined

/** Reads texts of a vocabulary in a clause, and in copies of the attributes that it looks at. */
export function translated(
  question: Question,
  operators: RegExp,
  attributes: readonly string[],
  translate: (value: JsonValue) => JsonValue,
): Question {
  const copies = (part: Fields): Fields =>
    Object.fromEntries(
      attributes
        .filter((name) => part[name] !== undefined)
        .map((name) => {
          const value = part[name] as JsonValue
          return [`read-${name}`, Array.isArray(value) ? value.map(translate) : translate(value)]
        }),
    )
  const asked = withClauses(question, (clause) => {
    if (!operators.test(clause.op)) return clause
    const values = clause.values.map(translate)
    return {
      ...clause,
      values,
      ...(attributes.includes(clause.attribute ?? '') ? { attribute: `read-${clause.attribute}` } : {}),
    }
  })
  return { ...asked, context: withAttributes(question.context, copies) }
}
