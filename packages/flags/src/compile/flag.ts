import type { EvaluationContext } from '@waybill/core'
import { contextOfKind } from '../context.ts'
import type { FlagData, Target, VariationOrRollout } from '../model.ts'
import { compileClause, type Matcher } from './clause.ts'
import { compileRollout } from './rollout.ts'

/** LaunchDarkly's evaluation reason. */
export interface EvaluationReason {
  readonly kind: 'OFF' | 'FALLTHROUGH' | 'TARGET_MATCH' | 'RULE_MATCH' | 'PREREQUISITE_FAILED' | 'ERROR'
  readonly ruleIndex?: number
  readonly ruleId?: string
  readonly prerequisiteKey?: string
  readonly inExperiment?: boolean
  readonly errorKind?: 'FLAG_NOT_FOUND' | 'MALFORMED_FLAG' | 'USER_NOT_SPECIFIED'
}

/** Which variation, and why. `index` is undefined for an off flag without an off variation, and in error. */
export interface Verdict {
  readonly index?: number
  readonly reason: EvaluationReason
  readonly bucketed?: boolean
  readonly track?: boolean
}

export type Evaluator = (context: EvaluationContext) => Verdict

export const MALFORMED: Verdict = { reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' } }

/**
 * Compiles a flag into one function: off, then targets, then rules, then the fallthrough. The verdicts are made here, once
 * each: evaluating makes none.
 */
export function compileFlag(flag: FlagData): Evaluator {
  const off = compileOff(flag)
  if (!flag.on) return () => off
  // Not evaluated yet: better in error than wrong.
  if ((flag.prerequisites ?? []).length > 0) return () => MALFORMED
  const targets = compileTargets(flag)
  const rules = (flag.rules ?? []).map((rule, ruleIndex) => {
    const track = rule.trackEvents ?? false
    const reason = { kind: 'RULE_MATCH', ruleIndex, ...(rule.id ? { ruleId: rule.id } : {}) } as const
    return { clauses: (rule.clauses ?? []).map(compileClause), outcome: compileOutcome(flag, rule, reason, track) }
  })
  const fallthrough = compileOutcome(
    flag,
    flag.fallthrough ?? {},
    { kind: 'FALLTHROUGH' },
    flag.trackEventsFallthrough ?? false,
  )
  return (context) => {
    const targeted = targets(context)
    if (targeted !== undefined) return targeted
    for (const { clauses, outcome } of rules) {
      const matched = matchesAll(clauses, context)
      if (matched === undefined) return MALFORMED
      if (matched) return outcome(context)
    }
    return fallthrough(context)
  }
}

function compileOff(flag: FlagData): Verdict {
  const { offVariation } = flag
  if (offVariation === undefined || offVariation === null) return { reason: { kind: 'OFF' } }
  return atIndex(flag, offVariation, { kind: 'OFF' })
}

/** Without `contextTargets` the users' targets; with them their order counts, and a user entry without keys borrows them. */
function compileTargets(flag: FlagData): (context: EvaluationContext) => Verdict | undefined {
  const targets = flag.targets ?? []
  const contextTargets = flag.contextTargets ?? []
  const inOrder =
    contextTargets.length === 0
      ? targets.map((target) => compileTarget(flag, target, target.values ?? []))
      : contextTargets.map((target) => {
          const own = target.values ?? []
          const borrows = (target.contextKind || 'user') === 'user' && own.length === 0
          const lender = borrows ? targets.find((one) => one.variation === target.variation) : undefined
          return compileTarget(flag, target, lender?.values ?? own)
        })
  if (inOrder.length === 0) return () => undefined
  return (context) => {
    for (const { kind, keys, verdict } of inOrder) {
      const key = contextOfKind(context, kind)?.['key']
      if (typeof key === 'string' && keys.has(key)) return verdict
    }
    return undefined
  }
}

function compileTarget(
  flag: FlagData,
  target: Target,
  values: readonly string[],
): { readonly kind: string; readonly keys: ReadonlySet<string>; readonly verdict: Verdict } {
  const kind = target.contextKind || 'user'
  return { kind, keys: new Set(values), verdict: atIndex(flag, target.variation, { kind: 'TARGET_MATCH' }) }
}

/** Clauses in their order, as far as they match: a malformed one behind one that does not match does no harm. */
function matchesAll(clauses: readonly (Matcher | undefined)[], context: EvaluationContext): boolean | undefined {
  for (const matches of clauses) {
    if (matches === undefined) return undefined
    if (!matches(context)) return false
  }
  return true
}

function compileOutcome(
  flag: FlagData,
  outcome: VariationOrRollout,
  reason: EvaluationReason,
  track: boolean,
): Evaluator {
  const { variation, rollout } = outcome
  if (variation !== undefined && variation !== null) {
    const verdict = atIndex(flag, variation, reason, track)
    return () => verdict
  }
  const rolled =
    rollout &&
    compileRollout(rollout, flag.key, flag.salt ?? '', ({ variation: index, bucketed, inExperiment }) => {
      const why = inExperiment ? { ...reason, inExperiment } : reason
      const verdict = atIndex(flag, index, why, track || inExperiment)
      return bucketed && verdict !== MALFORMED ? { ...verdict, bucketed } : verdict
    })
  return rolled || (() => MALFORMED)
}

function atIndex(flag: FlagData, index: number, reason: EvaluationReason, track = false): Verdict {
  if (!Number.isInteger(index) || index < 0 || index >= (flag.variations?.length ?? 0)) return MALFORMED
  return track || flag.trackEvents ? { index, reason, track: true } : { index, reason }
}
