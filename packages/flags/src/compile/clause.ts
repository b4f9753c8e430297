import type { EvaluationContext, JsonValue } from '@waybill/core'
import { kindsOf } from '../context.ts'
import type { Clause } from '../model.ts'
import { compileReference } from './reference.ts'

export type Matcher = (context: EvaluationContext) => boolean

/**
 * Compiles one clause; `undefined` when it is malformed, or of an operator that is not here: the flag then is in error,
 * never silently wrong. A missing attribute is no match, also when the clause is negated; an array matches by any member.
 */
export function compileClause(clause: Clause): Matcher | undefined {
  const attribute = clause.attribute ?? ''
  const negate = clause.negate ?? false
  const matches = compileOperator(clause)
  if (matches === undefined) return undefined
  if (attribute === 'kind') return (context) => kindsOf(context).some(matches) !== negate
  const read = compileReference(attribute, clause.contextKind ?? undefined)
  if (read === undefined) return undefined
  return (context) => {
    const value = read(context)
    if (value === undefined || value === null) return false
    const matched = Array.isArray(value) ? value.some(matches) : matches(value)
    return matched !== negate
  }
}

function compileOperator({ op, values }: Clause): ((value: JsonValue) => boolean) | undefined {
  if (op !== 'in') return undefined
  const scalars = new Set(values)
  return (value) => typeof value !== 'object' && scalars.has(value)
}
