import type { EvaluationContext } from '@waybill/core'
import { contextOfKind } from '../context.ts'
import type { FlagData, Target, VariationOrRollout } from '../model.ts'
import { compileAll, type SegmentLookup } from './clause.ts'
import { compileRollout } from './rollout.ts'
import { enter, newVisit, type Visit } from './visit.ts'

/** LaunchDarkly's evaluation reason. */
export interface EvaluationReason {
  readonly kind: 'OFF' | 'FALLTHROUGH' | 'TARGET_MATCH' | 'RULE_MATCH' | 'PREREQUISITE_FAILED' | 'ERROR'
  readonly ruleIndex?: number
  readonly ruleId?: string
  readonly prerequisiteKey?: string
  readonly inExperiment?: boolean
  readonly errorKind?: 'FLAG_NOT_FOUND' | 'MALFORMED_FLAG' | 'USER_NOT_SPECIFIED' | 'WRONG_TYPE'
  /** A big segment was asked for, whose members are not here. */
  readonly bigSegmentsStatus?: 'NOT_CONFIGURED'
}

/** Which variation, and why. `index` is undefined for an off flag without an off variation, and in error. */
export interface Verdict {
  readonly index?: number
  readonly reason: EvaluationReason
  readonly bucketed?: boolean
  readonly track?: boolean
}

/** `visit` is the evaluation that this one is part of, where a flag is another's prerequisite. */
export type Evaluator = (context: EvaluationContext, visit?: Visit) => Verdict

/** What a flag can ask of the snapshot that it is part of. */
export interface Neighbours {
  readonly flag: (key: string) => { readonly evaluate: Evaluator; readonly on: boolean } | undefined
  readonly segment: SegmentLookup
}

const NOBODY: Neighbours = { flag: () => undefined, segment: () => undefined }

/** The chosen outcome cannot be had. A flag that has this one as a prerequisite sees it fail. */
export const MALFORMED: Verdict = { reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' } }

/** A cycle, or a rule that cannot be read: nothing that needs this flag can be decided either. */
export const MALFORMED_THROUGHOUT: Verdict = { ...MALFORMED }

/**
 * Compiles a flag into one function: off, then prerequisites, then targets, then rules, then the fallthrough. The verdicts
 * are made here, once each: evaluating makes none.
 */
export function compileFlag(flag: FlagData, neighbours: Neighbours = NOBODY): Evaluator {
  const off = compileOff(flag, { kind: 'OFF' })
  if (!flag.on) return () => off
  const prerequisites = compilePrerequisites(flag, neighbours)
  const targets = compileTargets(flag)
  const rules = (flag.rules ?? []).map((rule, ruleIndex) => {
    const track = rule.trackEvents ?? false
    const reason = { kind: 'RULE_MATCH', ruleIndex, ...(rule.id ? { ruleId: rule.id } : {}) } as const
    const outcome = compileOutcome(flag, rule, reason, track)
    return { matches: compileAll(rule.clauses ?? [], neighbours.segment), outcome }
  })
  const fallthrough = compileOutcome(
    flag,
    flag.fallthrough ?? {},
    { kind: 'FALLTHROUGH' },
    flag.trackEventsFallthrough ?? false,
  )
  const evaluate = (context: EvaluationContext, visit: Visit): Verdict => {
    const settled = prerequisites?.(context, visit) ?? targets?.(context)
    if (settled !== undefined) return settled
    for (const { matches, outcome } of rules) {
      const matched = matches(context, visit)
      if (matched === undefined) return MALFORMED_THROUGHOUT
      if (matched) return outcome(context)
    }
    return fallthrough(context)
  }
  return needsOthers(flag) ? visiting(evaluate) : (context) => evaluate(context, NO_VISIT)
}

/** For flags that ask for no other: nothing writes to it. */
const NO_VISIT: Visit = newVisit()

function needsOthers({ prerequisites, rules }: FlagData): boolean {
  const asksSegment = rules?.some(({ clauses }) => clauses?.some(({ op }) => op === 'segmentMatch'))
  return (prerequisites ?? []).length > 0 || asksSegment === true
}

/** Opens the evaluation's visit, and says in the reason when a big segment was met. */
function visiting(evaluate: (context: EvaluationContext, visit: Visit) => Verdict): Evaluator {
  const noted = new Map<Verdict, Verdict>()
  return (context, outer) => {
    if (outer !== undefined) return evaluate(context, outer)
    const visit = newVisit()
    const verdict = evaluate(context, visit)
    if (!visit.metBigSegment) return verdict
    let withStatus = noted.get(verdict)
    if (withStatus === undefined) {
      withStatus = { ...verdict, reason: { ...verdict.reason, bigSegmentsStatus: 'NOT_CONFIGURED' } }
      noted.set(verdict, withStatus)
    }
    return withStatus
  }
}

/** A prerequisite fails when it is not there, off, or at another variation; a cycle takes all down that come to it. */
function compilePrerequisites(
  flag: FlagData,
  neighbours: Neighbours,
): ((context: EvaluationContext, visit: Visit) => Verdict | undefined) | undefined {
  const prerequisites = (flag.prerequisites ?? []).map(({ key, variation }) => ({
    key,
    variation,
    failed: compileOff(flag, { kind: 'PREREQUISITE_FAILED', prerequisiteKey: key }),
  }))
  if (prerequisites.length === 0) return undefined
  return (context, visit) => {
    for (const { key, variation, failed } of prerequisites) {
      const needed = neighbours.flag(key)
      if (needed === undefined) return failed
      if (!enter(visit, visit.flags, key)) return MALFORMED_THROUGHOUT
      const verdict = needed.evaluate(context, visit)
      visit.flags.pop()
      if (verdict === MALFORMED_THROUGHOUT) return verdict
      if (!needed.on || verdict.index !== variation) return failed
    }
    return undefined
  }
}

/** Without an off variation it is the caller's default, which is no error. */
function compileOff(flag: FlagData, reason: EvaluationReason): Verdict {
  const { offVariation } = flag
  return offVariation === undefined || offVariation === null ? { reason } : atIndex(flag, offVariation, reason)
}

/** Without `contextTargets` the users' targets; with them their order counts, and a user entry without keys borrows them. */
function compileTargets(flag: FlagData): ((context: EvaluationContext) => Verdict | undefined) | undefined {
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
  if (inOrder.length === 0) return undefined
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
