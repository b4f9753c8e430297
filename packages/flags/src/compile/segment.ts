import type { EvaluationContext } from '@waybill/core'
import { contextOfKind, isNamed, kindsOf } from '../context.ts'
import type { SegmentData, SegmentRule, SegmentTarget } from '../model.ts'
import { compileAll, type Matcher, type SegmentLookup } from './clause.ts'
import { compileReference } from './reference.ts'
import { bucketOf, WHOLE } from './rollout.ts'
import { enter } from './visit.ts'

/**
 * Compiles a segment: who is included, then who is excluded, then its rules. Its rules may ask for other segments; one that
 * comes back to itself is malformed.
 *
 * The members of a big (unbounded) segment are in a store of their own, which is not here: whoever is asked for is in none
 * (status NOT_CONFIGURED), and the rules decide. Without a generation, the rules do not either, as in Go.
 */
export function compileSegment(key: string, segment: SegmentData, segments: SegmentLookup): Matcher {
  const salt = segment.salt ?? ''
  const rules = (segment.rules ?? []).map((rule) => compileRule(rule, segment.key ?? key, salt, segments))
  const members = segment.unbounded ? undefined : compileMembers(segment)
  const bigKind = segment.unboundedContextKind || 'user'
  const hasGeneration = segment.generation !== undefined && segment.generation !== null
  const decide: Matcher = (context, visit) => {
    if (members !== undefined) {
      const listed = members(context)
      if (listed !== undefined) return listed
    } else {
      if (hasGeneration && contextOfKind(context, bigKind) === undefined) return false
      visit.metBigSegment = true
      if (!hasGeneration) return false
    }
    for (const matches of rules) {
      const matched = matches(context, visit)
      if (matched !== false) return matched
    }
    return false
  }
  return (context, visit) => {
    if (!enter(visit, visit.segments, key)) return undefined
    const matched = decide(context, visit)
    visit.segments.pop()
    return matched
  }
}

/** True for whoever is included, false for whoever is excluded, `undefined` for all others. */
function compileMembers(segment: SegmentData): (context: EvaluationContext) => boolean | undefined {
  const included = compileKeys(segment.included ?? [], segment.includedContexts ?? [])
  const excluded = compileKeys(segment.excluded ?? [], segment.excludedContexts ?? [])
  return (context) => (included(context) ? true : excluded(context) ? false : undefined)
}

function compileKeys(
  users: readonly string[],
  targets: readonly SegmentTarget[],
): (context: EvaluationContext) => boolean {
  const userKeys = new Set(users)
  const others = targets.map(({ contextKind, values }) => ({
    kind: contextKind || 'user',
    keys: new Set(values ?? []),
  }))
  return (context) => {
    if (userKeys.size > 0 && isNamed(context, 'user', userKeys)) return true
    // Go looks at the lists by kind only where there is another kind than a user: even one for users.
    if (others.length === 0 || kindsOf(context).every((kind) => kind === 'user')) return false
    return others.some(({ kind, keys }) => isNamed(context, kind, keys))
  }
}

function compileRule(rule: SegmentRule, key: string, salt: string, segments: SegmentLookup): Matcher {
  const matches = compileAll(rule.clauses ?? [], segments)
  const { weight, bucketBy, rolloutContextKind } = rule
  if (weight === undefined || weight === null) return matches
  const read = compileReference(bucketBy || 'key', rolloutContextKind ?? undefined)
  const kind = rolloutContextKind || 'user'
  const prefix = `${key}.${salt}.`
  return (context, visit) => {
    const matched = matches(context, visit)
    if (!matched) return matched
    if (read === undefined) return undefined
    if (contextOfKind(context, kind) === undefined) return false
    return (bucketOf(prefix, read(context)) ?? 0) < weight / WHOLE
  }
}
