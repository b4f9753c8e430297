import type { EvaluationContext, JsonValue } from '@waybill/core'
import { kindsOf } from '../context.ts'
import type { Clause } from '../model.ts'
import { compileOperator } from './operator.ts'
import { compileReference } from './reference.ts'
import type { Visit } from './visit.ts'

/** Whether a context matches; `undefined` where the data is malformed: then the flag is in error, never silently wrong. */
export type Matcher = (context: EvaluationContext, visit: Visit) => boolean | undefined

/** A segment by its key; `undefined` when there is none. */
export type SegmentLookup = (key: string) => Matcher | undefined

const malformed: Matcher = () => undefined

/**
 * Compiles one clause. A missing attribute is no match, also when the clause is negated; an array matches by any member.
 */
export function compileClause(clause: Clause, segments: SegmentLookup): Matcher {
  if (clause.op === 'segmentMatch') return compileSegmentMatch(clause, segments)
  const attribute = clause.attribute ?? ''
  const negate = clause.negate ?? false
  const matches = compileOperator(clause)
  if (matches === undefined) return malformed
  if (attribute === 'kind') return (context) => kindsOf(context).some(matches) !== negate
  const read = compileReference(attribute, clause.contextKind ?? undefined)
  if (read === undefined) return malformed
  return (context) => {
    const value = read(context)
    if (value === undefined || value === null) return false
    const matched = Array.isArray(value) ? (value as readonly JsonValue[]).some(matches) : matches(value)
    return matched !== negate
  }
}

/** In any of the segments. One that is not there has nobody in it. */
function compileSegmentMatch(clause: Clause, segments: SegmentLookup): Matcher {
  const negate = clause.negate ?? false
  const keys = (clause.values ?? []).filter((key) => typeof key === 'string')
  return (context, visit) => {
    for (const key of keys) {
      const segment = segments(key)
      if (segment === undefined) continue
      const matched = segment(context, visit)
      if (matched === undefined) return undefined
      if (matched) return !negate
    }
    return negate
  }
}

/** Clauses in their order, as far as they match: a malformed one behind one that does not match does no harm. */
export function compileAll(clauses: readonly Clause[], segments: SegmentLookup): Matcher {
  const matchers = clauses.map((clause) => compileClause(clause, segments))
  return (context, visit) => {
    for (const matches of matchers) {
      const matched = matches(context, visit)
      if (!matched) return matched
    }
    return true
  }
}
