import type { DeclaredFlag, EvaluationContext, JsonValue, SourceAnswer } from '@waybill/core'
import type { Matcher } from './compile/clause.ts'
import {
  compileFlag,
  type EvaluationReason,
  type Evaluator,
  MALFORMED_THROUGHOUT,
  type Neighbours,
  type Verdict,
} from './compile/flag.ts'
import { compileSegment } from './compile/segment.ts'
import { hasSubject } from './context.ts'
import type { FlagData, FlagSet } from './model.ts'
import { isFlagData, isSegmentData } from './parse.ts'
import { variationNames } from './variation-names.ts'

/** One evaluation. `variationIndex` is undefined where the fallback was taken. */
export interface Evaluation {
  readonly value: JsonValue
  readonly variationIndex?: number
  readonly variation?: string
  readonly version: number
  readonly reason: EvaluationReason
  readonly bucketed: boolean
  readonly track: boolean
}

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
  readonly data: FlagData
  readonly on: boolean
  readonly evaluate: Evaluator
  readonly names: readonly string[]
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
  const plans = new WeakMap<readonly DeclaredFlag[], readonly (Planned | undefined)[]>()

  const decideOne = (one: Compiled, context: EvaluationContext, fallback: JsonValue): Evaluation => {
    const { index, reason, bucketed = false, track = false } = one.evaluate(context)
    const value = index === undefined ? undefined : one.data.variations?.[index]
    if (index === undefined || value === undefined) return missed(fallback, one.data.version, reason)
    const variation = one.names[index] ?? `v${index}`
    return { value, variationIndex: index, variation, version: one.data.version, reason, bucketed, track }
  }
  const decide: Ruleset['decide'] = (key, context, fallback, type) => {
    const one = compiled.get(key)
    if (one === undefined) return missed(fallback, 0, FLAG_NOT_FOUND)
    if (!hasSubject(context)) return missed(fallback, one.data.version, NOT_SPECIFIED)
    const decided = decideOne(one, context, fallback)
    const isWrong = type !== undefined && decided.variationIndex !== undefined && typeof decided.value !== type
    return isWrong ? missed(fallback, one.data.version, WRONG_TYPE) : decided
  }
  const decideAll: Ruleset['decideAll'] = (context) => {
    const all = new Map<string, Evaluation>()
    const known = hasSubject(context)
    for (const [key, one] of compiled) {
      all.set(key, known ? decideOne(one, context, null) : missed(null, one.data.version, NOT_SPECIFIED))
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
      return { status: 'live', decisions: plan.map((one) => answered(one, context)) }
    },
  }
}

const FLAG_NOT_FOUND: EvaluationReason = { kind: 'ERROR', errorKind: 'FLAG_NOT_FOUND' }
const NOT_SPECIFIED: EvaluationReason = { kind: 'ERROR', errorKind: 'USER_NOT_SPECIFIED' }
const WRONG_TYPE: EvaluationReason = { kind: 'ERROR', errorKind: 'WRONG_TYPE' }

/** `undefined` for a tombstone. What departs from the model is kept, so that it decides `MALFORMED_FLAG`, not "not found". */
function compileOne(key: string, given: unknown, neighbours: Neighbours): Compiled | undefined {
  if (!isFlagData(given)) {
    return { data: { key, version: 0 }, on: false, evaluate: () => MALFORMED_THROUGHOUT, names: [] }
  }
  if (given.deleted) return undefined
  const data = given.key === undefined ? { ...given, key } : given
  const names = variationNames(data.variations ?? [])
  return { data, on: data.on ?? false, evaluate: compileFlag(data, neighbours), names }
}

type Answered = (SourceAnswer & { readonly status: 'live' })['decisions'][number]

/** One declared flag over one snapshot. An evaluator's verdicts are few: what is said of each is made once. */
interface Planned {
  readonly evaluate: Evaluator
  readonly say: (verdict: Verdict) => Answered
  readonly said: WeakMap<Verdict, Answered>
}

function planned(one: Compiled | undefined, flag: DeclaredFlag): Planned | undefined {
  if (one === undefined) return undefined
  const named = { ...one, names: variationNames(one.data.variations ?? [], flag) }
  return { evaluate: one.evaluate, say: (verdict) => sourceDecision(named, flag, verdict), said: new WeakMap() }
}

function answered(one: Planned | undefined, context: EvaluationContext): Answered {
  if (one === undefined) return NOT_FOUND
  const verdict = one.evaluate(context)
  let answer = one.said.get(verdict)
  if (answer === undefined) {
    answer = Object.freeze(one.say(verdict))
    one.said.set(verdict, answer)
  }
  return answer
}

const NOT_FOUND: Answered = { cause: 'flag_not_found' }
const NO_SUBJECT: Answered = { cause: 'no_subject' }

function sourceDecision({ data, names }: Compiled, flag: DeclaredFlag, verdict: Verdict): Answered {
  const { index, reason, bucketed = false, track = false } = verdict
  const { version } = data
  const value = index === undefined ? undefined : data.variations?.[index]
  if (reason.kind === 'ERROR') return { cause: 'malformed_flag' }
  if (index === undefined || value === undefined) {
    // Off, or a prerequisite failed, and no off variation: the caller's default, which is no error.
    return { value: flag.defaultValue, variation: flag.defaultVariation, version, reason: reason.kind }
  }
  const inExperiment = reason.inExperiment ?? false
  return { value, variation: names[index] ?? `v${index}`, version, reason: reason.kind, bucketed, inExperiment, track }
}

function missed(value: JsonValue, version: number, reason: EvaluationReason): Evaluation {
  return { value, version, reason, bucketed: false, track: false }
}
