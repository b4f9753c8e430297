import type { EvaluationContext } from '@waybill/core'
import {
  type Evaluation,
  fallOf,
  flagFault,
  type NamedFlag,
  type Rollout,
  type Ruleset,
  type VariationOrRollout,
} from '@waybill/flags'
import { nameAt } from './edits/variation.ts'
import { clauseWords, offWords } from './render/flag.ts'
import { percentOf, printable } from './render/text.ts'

export interface Explanation {
  /** From 0 to 1, where a percentage decided. */
  readonly bucket?: number
  readonly sentences: readonly string[]
}

/** Why an evaluation came out as it did, in words. */
export function explain(
  flag: NamedFlag,
  context: EvaluationContext,
  { reason }: Pick<Evaluation, 'reason'>,
  ruleset: Pick<Ruleset, 'decide'>,
): Explanation {
  const fault = flagFault(flag)
  if (fault !== undefined) return { sentences: [`${errorWords('MALFORMED_FLAG')} In it ${printable(fault)}.`] }
  const who = subjectWords(context)
  switch (reason.kind) {
    case 'OFF':
      return { sentences: [`The flag is off: everybody gets ${offWords(flag)}.`] }
    case 'PREREQUISITE_FAILED':
      return { sentences: [prerequisiteWords(flag, reason.prerequisiteKey ?? '', context, ruleset)] }
    case 'TARGET_MATCH':
      return { sentences: [`The flag is on, and ${who} is targeted by name.`] }
    case 'RULE_MATCH': {
      const index = reason.ruleIndex ?? 0
      const rule = flag.rules?.[index] ?? {}
      const clauses = (rule.clauses ?? []).map(clauseWords).join(' and ') || 'it has no conditions'
      const id = rule.id ? ` (${printable(rule.id)})` : ''
      const first = `The flag is on and does not target ${who}; rule ${index + 1} of ${flag.rules?.length}${id} matches: ${clauses}.`
      return outcome(flag, rule, context, who, [first])
    }
    case 'FALLTHROUGH':
      return outcome(flag, flag.fallthrough ?? {}, context, who, [
        `The flag is on, and ${nothingNames(flag, who)}: the fallthrough decides.`,
      ])
    default:
      return { sentences: [errorWords(reason.errorKind)] }
  }
}

function nothingNames(flag: NamedFlag, who: string): string {
  const targets = [...(flag.targets ?? []), ...(flag.contextTargets ?? [])].some((one) => (one.values ?? []).length > 0)
  const rules = (flag.rules ?? []).length > 0
  if (!targets && !rules) return 'it has neither targets nor rules'
  return `none of its ${[...(targets ? ['targets'] : []), ...(rules ? ['rules'] : [])].join(' or ')} is for ${who}`
}

function outcome(
  flag: NamedFlag,
  { variation, rollout }: VariationOrRollout,
  context: EvaluationContext,
  who: string,
  before: readonly string[],
): Explanation {
  if (typeof variation === 'number') {
    return { sentences: [...before, `It gives ${printable(nameAt(flag, variation))} to all whom it reaches.`] }
  }
  if (!rollout) return { sentences: before }
  const { bucket, words } = rolloutWords(flag, rollout, context, who)
  return { ...(bucket === undefined ? {} : { bucket }), sentences: [...before, words] }
}

function rolloutWords(
  flag: NamedFlag,
  rollout: Rollout,
  context: EvaluationContext,
  who: string,
): { readonly bucket?: number; readonly words: string } {
  const fall = fallOf(rollout, flag.key, flag.salt ?? '', context)
  if (fall === undefined) return { words: 'The rollout is malformed.' }
  const { kind, attribute, bucket, present } = fall
  const slots = rollout.variations ?? []
  const shareOf = (index: number): string =>
    `${percentOf(slots[index]?.weight ?? 0)} of ${printable(nameAt(flag, slots[index]?.variation ?? -1))}`
  const at = bucket ?? 0
  const index = slotAt(rollout, at)
  if (bucket === undefined) {
    const lacks = present ? `${who} has no ${attribute} to be bucketed by` : `There is no ${kind} in the context`
    return { words: `${printable(lacks)}, which counts as bucket 0: within the ${shareOf(index)}.` }
  }
  const by = attribute === 'key' ? '' : ` by ${kind} ${attribute}`
  const passed = slots.flatMap((slot, place) => (place < index && slot.weight > 0 ? [shareOf(place)] : []))
  const where =
    passed.length === 0
      ? `below the ${shareOf(index)}`
      : `past the ${passed.join(' and the ')}, within the ${shareOf(index)}`
  // Four decimals, cut and not rounded: 0.09996 must not read as 0.1, the border.
  return {
    bucket,
    words: `${who} falls${printable(by)} into bucket ${(Math.floor(at * 10_000) / 10_000).toFixed(4)} of 1, ${where}.`,
  }
}

function slotAt({ variations = [] }: Rollout, bucket: number): number {
  let end = 0
  for (const [index, slot] of variations.entries()) {
    end += slot.weight / 100_000
    if (bucket < end) return index
  }
  return variations.length - 1
}

function prerequisiteWords(
  flag: NamedFlag,
  key: string,
  context: EvaluationContext,
  ruleset: Pick<Ruleset, 'decide'>,
): string {
  const { reason, variation } = ruleset.decide(key, context, null)
  const why =
    reason.errorKind === 'FLAG_NOT_FOUND'
      ? 'is not there'
      : reason.kind === 'OFF'
        ? 'is off'
        : `gives ${variation ?? 'nothing'}, not what this flag needs`
  return `The flag is on, but its prerequisite "${printable(key)}" ${printable(why)}: everybody whom that concerns gets ${offWords(flag)}.`
}

function errorWords(errorKind: string | undefined): string {
  if (errorKind === 'MALFORMED_FLAG')
    return 'The flag cannot be evaluated, its data is malformed: the code falls back to its default.'
  if (errorKind === 'FLAG_NOT_FOUND') return 'There is no such flag: the code falls back to its default.'
  return `The flag cannot be evaluated (${errorKind ?? 'no reason given'}): the code falls back to its default.`
}

/** `u-17`, or `org acme` for another kind than a user. */
function subjectWords(context: EvaluationContext): string {
  if (context.kind !== 'multi') {
    const kind = context.kind ?? 'user'
    return printable(kind === 'user' ? String(context.key) : `${kind} ${context.key}`)
  }
  const parts = Object.entries(context).filter(([kind]) => kind !== 'kind')
  return printable(parts.map(([kind, part]) => `${kind} ${(part as { readonly key: string }).key}`).join(' with '))
}
