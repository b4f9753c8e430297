import type { EvaluationContext } from '@waybill/core'
import { contextOfKind } from '../context.ts'
import type { FlagData, Target, VariationOrRollout } from '../model.ts'
import { compileClause, type Matcher } from './clause.ts'
import { compileRollout, type RolledOut } from './rollout.ts'

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

const MALFORMED: Verdict = { reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' } }

/** Compiles a flag into one function: off, then targets, then rules, then the fallthrough. */
export function compileFlag(flag: FlagData): Evaluator {
  const off = compileOff(flag)
  if (!flag.on) return () => off
  // Not evaluated yet: better in error than wrong.
  if (flag.prerequisites !== undefined && flag.prerequisites.length > 0) return () => MALFORMED
  const targets = compileTargets(flag)
  const rules = (flag.rules ?? []).map((rule, ruleIndex) => {
    const track = rule.trackEvents ?? false
    const reason = { kind: 'RULE_MATCH', ruleIndex, ...(rule.id === undefined ? {} : { ruleId: rule.id }) } as const
    return { matches: compileClauses(rule.clauses ?? []), outcome: compileOutcome(flag, rule, reason, track) }
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
    for (const { matches, outcome } of rules) {
      if (matches === undefined) return MALFORMED
      if (matches(context)) return outcome(context)
    }
    return fallthrough(context)
  }
}

function compileOff(flag: FlagData): Verdict {
  const { offVariation } = flag
  if (offVariation === undefined || offVariation === null) return { reason: { kind: 'OFF' } }
  return atIndex(flag, offVariation, { kind: 'OFF' })
}

/** Without `contextTargets` the users' targets; with them their order counts, and users' keys stand in the other list. */
function compileTargets(flag: FlagData): (context: EvaluationContext) => Verdict | undefined {
  const { targets = [], contextTargets = [] } = flag
  const users = targets.map((target) => compileTarget(flag, target, 'user', target.values))
  const inOrder =
    contextTargets.length === 0
      ? users
      : contextTargets.map((target) => {
          const kind = target.contextKind || 'user'
          const borrowed =
            kind === 'user' ? targets.find((one) => one.variation === target.variation)?.values : undefined
          return compileTarget(flag, target, kind, [...(target.values ?? []), ...(borrowed ?? [])])
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
  kind: string,
  values: readonly string[],
): { readonly kind: string; readonly keys: ReadonlySet<string>; readonly verdict: Verdict } {
  return { kind, keys: new Set(values), verdict: atIndex(flag, target.variation, { kind: 'TARGET_MATCH' }) }
}

function compileClauses(clauses: NonNullable<FlagData['rules']>[number]['clauses'] & object): Matcher | undefined {
  const matchers: Matcher[] = []
  for (const clause of clauses) {
    const matcher = compileClause(clause)
    if (matcher === undefined) return undefined
    matchers.push(matcher)
  }
  return (context) => matchers.every((matches) => matches(context))
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
  const fall = rollout ? compileRollout(rollout, flag.key, flag.salt ?? '') : undefined
  if (fall === undefined) return () => MALFORMED
  // One verdict per outcome, made once: evaluating allocates nothing but the bucket's text.
  const verdicts = new Map<number, Verdict>()
  const verdictFor = (fell: RolledOut): Verdict => {
    const key = fell.variation * 4 + (fell.bucketed ? 2 : 0) + (fell.inExperiment ? 1 : 0)
    let verdict = verdicts.get(key)
    if (verdict === undefined) {
      const why = fell.inExperiment ? { ...reason, inExperiment: true } : reason
      verdict = { ...atIndex(flag, fell.variation, why, track || fell.inExperiment), bucketed: fell.bucketed }
      verdicts.set(key, verdict)
    }
    return verdict
  }
  return (context) => verdictFor(fall(context))
}

function atIndex(flag: FlagData, index: number, reason: EvaluationReason, track = false): Verdict {
  if (!Number.isInteger(index) || index < 0 || index >= (flag.variations?.length ?? 0)) return MALFORMED
  return track || flag.trackEvents ? { index, reason, track: true } : { index, reason }
}
