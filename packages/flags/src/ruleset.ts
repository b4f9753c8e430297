import type { DeclaredFlag, EvaluationContext, JsonValue, SourceAnswer } from '@waybill/core'
import type { Matcher } from './compile/clause.ts'
import { type Evaluation, type EvaluationReason, MALFORMED_THROUGHOUT, withoutVariation } from './compile/evaluation.ts'
import { compileFlag, type Evaluator, type Neighbours } from './compile/flag.ts'
import { compileSegment } from './compile/segment.ts'
import { hasSubject } from './context.ts'
import type { FlagData, FlagSet } from './model.ts'
import { isFlagData, isSegmentData } from './parse.ts'
import { variationName } from './variation-names.ts'

export type ValueType = 'boolean' | 'number' | 'string'

/** A snapshot of flag data, compiled. Synchronous; never throws. */
export interface Ruleset {
  /** With a `type`, a value of another one is the fallback, in error (`WRONG_TYPE`): a typed call, as SDKs have it. */
  decide(key: string, context: EvaluationContext, fallback: JsonValue, type?: ValueType): Evaluation
  decideAll(context: EvaluationContext): ReadonlyMap<string, Evaluation>
  /** A flag source's answer for declared flags; for the same array of flags the work is prepared once. */
  answer(context: EvaluationContext, flags: readonly DeclaredFlag[]): SourceAnswer & { readonly status: 'live' }
}

interface Compiled {
  readonly version: number
  readonly on: boolean
  readonly evaluate: Evaluator
}

/**
 * Compiles flag data into closures. One malformed flag takes no other down: it decides `MALFORMED_FLAG`.
 *
 * @example
 * ```ts
 * const ruleset = compileRuleset({
 *   flags: { 'new-order-flow': { key: 'new-order-flow', version: 3, on: true, variations: [false, true], fallthrough: { variation: 1 } } },
 * })
 * ruleset.decide('new-order-flow', { key: 'u-1' }, false).value // true
 * ```
 */
export function compileRuleset(data: FlagSet): Ruleset {
  const compiled = new Map<string, Compiled>()
  const segments = new Map<string, Matcher>()
  const neighbours: Neighbours = { flag: (key) => compiled.get(key), segment: (key) => segments.get(key) }
  for (const [key, segment] of Object.entries(data.segments ?? {})) {
    if (!isSegmentData(segment)) segments.set(key, () => undefined)
    else if (!segment.deleted) segments.set(key, compileSegment(key, segment, neighbours.segment))
  }
  for (const [key, flag] of Object.entries(data.flags)) {
    const one = compileOne(key, flag, neighbours)
    if (one !== undefined) compiled.set(key, one)
  }
  const plans = new WeakMap<readonly DeclaredFlag[], readonly Planned[]>()

  const decide: Ruleset['decide'] = (key, context, fallback, type) => {
    const one = compiled.get(key)
    if (one === undefined) return withoutVariation(0, FLAG_NOT_FOUND, fallback)
    if (!hasSubject(context)) return withoutVariation(one.version, NOT_SPECIFIED, fallback)
    const decided = one.evaluate(context)
    if (decided.variationIndex === undefined) return withoutVariation(one.version, decided.reason, fallback)
    const isWrong = type !== undefined && typeof decided.value !== type
    return isWrong ? withoutVariation(one.version, WRONG_TYPE, fallback) : decided
  }
  const decideAll: Ruleset['decideAll'] = (context) => {
    const all = new Map<string, Evaluation>()
    const known = hasSubject(context)
    for (const [key, one] of compiled) {
      all.set(key, known ? one.evaluate(context) : withoutVariation(one.version, NOT_SPECIFIED))
    }
    return all
  }

  return {
    decide,
    decideAll,
    answer: (context, flags) => {
      let plan = plans.get(flags)
      if (plan === undefined) {
        plan = flags.map((flag) => planned(compiled.get(flag.key), flag))
        plans.set(flags, plan)
      }
      if (!hasSubject(context)) return { status: 'live', decisions: flags.map(() => NO_SUBJECT) }
      return { status: 'live', decisions: plan.map((one) => one(context)) }
    },
  }
}

const FLAG_NOT_FOUND: EvaluationReason = { kind: 'ERROR', errorKind: 'FLAG_NOT_FOUND' }
const NOT_SPECIFIED: EvaluationReason = { kind: 'ERROR', errorKind: 'USER_NOT_SPECIFIED' }
const WRONG_TYPE: EvaluationReason = { kind: 'ERROR', errorKind: 'WRONG_TYPE' }

/** `undefined` for a tombstone. What departs from the model is kept, so that it decides `MALFORMED_FLAG`, not "not found". */
function compileOne(key: string, given: unknown, neighbours: Neighbours): Compiled | undefined {
  if (!isFlagData(given)) {
    const malformed = withoutVariation(0, MALFORMED_THROUGHOUT)
    return { version: 0, on: false, evaluate: () => malformed }
  }
  if (given.deleted) return undefined
  const data: FlagData = given.key === undefined ? { ...given, key } : given
  return { version: data.version, on: data.on ?? false, evaluate: compileFlag(data, neighbours) }
}

type Answered = (SourceAnswer & { readonly status: 'live' })['decisions'][number]

/** One declared flag over one snapshot. What a flag comes to is one of a few: what is said of each is made once. */
type Planned = (context: EvaluationContext) => Answered

function planned(one: Compiled | undefined, flag: DeclaredFlag): Planned {
  if (one === undefined) return () => NOT_FOUND
  const said = new Map<Evaluation, Answered>()
  return (context) => {
    const evaluation = one.evaluate(context)
    let answer = said.get(evaluation)
    if (answer === undefined) {
      answer = Object.freeze(answered(evaluation, flag))
      said.set(evaluation, answer)
    }
    return answer
  }
}

const NOT_FOUND: Answered = { cause: 'flag_not_found' }
const NO_SUBJECT: Answered = { cause: 'no_subject' }

function answered(
  { value, variationIndex, version, reason, bucketed, track }: Evaluation,
  flag: DeclaredFlag,
): Answered {
  const { kind, inExperiment = false } = reason
  if (kind === 'ERROR') return { cause: 'malformed_flag' }
  if (variationIndex === undefined) {
    // Off, or a prerequisite failed, and no off variation: the caller's default, which is no error.
    return { value: flag.defaultValue, variation: flag.defaultVariation, version, reason: kind }
  }
  const variation = variationName(value, variationIndex, flag)
  return { value, variation, version, reason: kind, bucketed, inExperiment, track }
}
