import type { EvaluationContext } from '@waybill/core'
import { isNamed } from '../context.ts'
import type { FlagData, Target, VariationOrRollout } from '../model.ts'
import { compileAll, type SegmentLookup } from './clause.ts'
import {
  type Evaluation,
  type EvaluationReason,
  evaluationAt,
  MALFORMED,
  MALFORMED_THROUGHOUT,
  withoutVariation,
} from './evaluation.ts'
import { compileRollout } from './rollout.ts'
import { enter, newVisit, type Visit } from './visit.ts'

/** `visit` is the evaluation that this one is part of, where a flag is another's prerequisite. */
export type Evaluator = (context: EvaluationContext, visit?: Visit) => Evaluation

/** What a flag can ask of the snapshot that it is part of. */
export interface Neighbours {
  readonly flag: (key: string) => { readonly evaluate: Evaluator; readonly on: boolean } | undefined
  readonly segment: SegmentLookup
}

const NOBODY: Neighbours = { flag: () => undefined, segment: () => undefined }

/**
 * Compiles a flag into one function: off, then prerequisites, then targets, then rules, then the fallthrough. What it can
 * come to is made here: evaluating makes nothing.
 */
export function compileFlag(flag: FlagData, neighbours: Neighbours = NOBODY): Evaluator {
  if (!flag.on) return always(evaluationAt(flag, flag.offVariation, { kind: 'OFF' }))
  const prerequisites = compilePrerequisites(flag, neighbours)
  const targets = compileTargets(flag)
  const rules = (flag.rules ?? []).map((rule, ruleIndex) => {
    const reason = { kind: 'RULE_MATCH', ruleIndex, ...(rule.id ? { ruleId: rule.id } : {}) } as const
    const outcome = compileOutcome(flag, rule, reason, rule.trackEvents)
    return { matches: compileAll(rule.clauses ?? [], neighbours.segment), outcome }
  })
  const fallthrough = compileOutcome(flag, flag.fallthrough ?? {}, { kind: 'FALLTHROUGH' }, flag.trackEventsFallthrough)
  // Most flags are no more than that.
  if (prerequisites === undefined && targets === undefined && rules.length === 0) return fallthrough
  const malformed = withoutVariation(flag.version, MALFORMED_THROUGHOUT)
  const evaluate = (context: EvaluationContext, visit: Visit): Evaluation => {
    const settled = prerequisites?.(context, visit) ?? targets?.(context)
    if (settled !== undefined) return settled
    for (const { matches, outcome } of rules) {
      const matched = matches(context, visit)
      if (matched === undefined) return malformed
      if (matched) return outcome(context)
    }
    return fallthrough(context)
  }
  return needsOthers(flag) ? visiting(evaluate) : (context) => evaluate(context, NO_VISIT)
}

function always(evaluation: Evaluation): Evaluator {
  return () => evaluation
}

/** For flags that ask for no other: nothing writes to it. */
const NO_VISIT: Visit = newVisit()

function needsOthers({ prerequisites, rules }: FlagData): boolean {
  const asksSegment = rules?.some(({ clauses }) => clauses?.some(({ op }) => op === 'segmentMatch'))
  return (prerequisites ?? []).length > 0 || asksSegment === true
}

/** Opens the evaluation's visit, and says in the reason when a big segment was met. */
function visiting(evaluate: (context: EvaluationContext, visit: Visit) => Evaluation): Evaluator {
  const noted = new Map<Evaluation, Evaluation>()
  return (context, outer) => {
    if (outer !== undefined) return evaluate(context, outer)
    const visit = newVisit()
    const evaluation = evaluate(context, visit)
    if (!visit.metBigSegment) return evaluation
    let withStatus = noted.get(evaluation)
    if (withStatus === undefined) {
      const reason = Object.freeze({ ...evaluation.reason, bigSegmentsStatus: 'NOT_CONFIGURED' } as const)
      withStatus = Object.freeze({ ...evaluation, reason })
      noted.set(evaluation, withStatus)
    }
    return withStatus
  }
}

/** A prerequisite fails when it is not there, off, or at another variation; a cycle takes all down that come to it. */
function compilePrerequisites(
  flag: FlagData,
  neighbours: Neighbours,
): ((context: EvaluationContext, visit: Visit) => Evaluation | undefined) | undefined {
  const prerequisites = (flag.prerequisites ?? []).map(({ key, variation }) => ({
    key,
    variation,
    failed: evaluationAt(flag, flag.offVariation, { kind: 'PREREQUISITE_FAILED', prerequisiteKey: key }),
  }))
  if (prerequisites.length === 0) return undefined
  const malformed = withoutVariation(flag.version, MALFORMED_THROUGHOUT)
  return (context, visit) => {
    for (const { key, variation, failed } of prerequisites) {
      const needed = neighbours.flag(key)
      if (needed === undefined) return failed
      if (!enter(visit, visit.flags, key)) return malformed
      const { reason, variationIndex } = needed.evaluate(context, visit)
      visit.flags.pop()
      if (reason === MALFORMED_THROUGHOUT) return malformed
      if (!needed.on || variationIndex !== variation) return failed
    }
    return undefined
  }
}

/** Without `contextTargets` the users' targets; with them their order counts, and a user entry without keys borrows them. */
function compileTargets(flag: FlagData): ((context: EvaluationContext) => Evaluation | undefined) | undefined {
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
    for (const { kind, keys, evaluation } of inOrder) {
      if (isNamed(context, kind, keys)) return evaluation
    }
    return undefined
  }
}

function compileTarget(
  flag: FlagData,
  target: Target,
  values: readonly string[],
): { readonly kind: string; readonly keys: ReadonlySet<string>; readonly evaluation: Evaluation } {
  const kind = target.contextKind || 'user'
  return { kind, keys: new Set(values), evaluation: evaluationAt(flag, target.variation, { kind: 'TARGET_MATCH' }) }
}

function compileOutcome(
  flag: FlagData,
  { variation, rollout }: VariationOrRollout,
  reason: EvaluationReason,
  track = false,
): Evaluator {
  if (variation !== undefined && variation !== null) return always(evaluationAt(flag, variation, reason, { track }))
  const rolled =
    rollout &&
    compileRollout(rollout, flag.key, flag.salt ?? '', (fell) => {
      // A rule's percentage is another one than the fallthrough's, which a rollout sets and its judge reckons with.
      const bucketed = fell.bucketed && reason.kind === 'FALLTHROUGH'
      const { variation: index, inExperiment } = fell
      return inExperiment
        ? evaluationAt(flag, index, { ...reason, inExperiment }, { track: true, bucketed })
        : evaluationAt(flag, index, reason, { track, bucketed })
    })
  return rolled || always(withoutVariation(flag.version, MALFORMED))
}
