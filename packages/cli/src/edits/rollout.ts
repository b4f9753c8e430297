import type { NamedFlag, Rollout, WeightedVariation } from '@waybill/flags'
import { Failure } from '../failure.ts'
import type { Edited } from './edit.ts'
import { whoElse } from './switch.ts'
import { indexOfVariation, nameAt } from './variation.ts'

/** LaunchDarkly's weights are thousandths of a percent. */
const WHOLE = 100_000

/** `12.5` or `12.5%` as a weight. Fails with `bad_input` for what is no percentage, or finer than a weight. */
export function weightOfPercent(text: string): number {
  const match = /^(\d{1,3})(?:\.(\d{1,3}))?%?$/.exec(text)
  const weight = match === null ? Number.NaN : Number(match[1]) * 1000 + Number((match[2] ?? '').padEnd(3, '0'))
  if (weight >= 0 && weight <= WHOLE) return weight
  throw new Failure('bad_input', `"${text}" is no percentage: say 0 to 100, with three decimals at the most`)
}

export interface RolloutEdit {
  readonly variation: string
  readonly percent: string
  /** Who gets the rest; by default those who share it now, in their proportions. */
  readonly rest?: string
}

/**
 * Gives a variation its share of the fallthrough. It keeps its place among the others, or comes first, and they shrink or
 * grow in proportion: so raising the share moves nobody out of it, and lowering it moves nobody in.
 */
export function setRollout(flag: NamedFlag, { variation, percent, rest }: RolloutEdit): Edited {
  const weight = weightOfPercent(percent)
  const wanted = indexOfVariation(flag, variation)
  const restIndex = rest === undefined ? undefined : indexOfVariation(flag, rest)
  if (restIndex === wanted) throw new Failure('bad_input', `"${rest}" cannot have its own rest: name another variation`)
  const { rollout } = flag.fallthrough ?? {}
  if (rollout?.kind === 'experiment') {
    throw new Failure(
      'refused',
      `The fallthrough of "${flag.key}" is an experiment: new weights would spoil its results`,
    )
  }
  const slots = slotsOf(flag, rollout ?? undefined, wanted)
  const next: Rollout = { ...rollout, variations: shareOut(flag, slots, wanted, weight, restIndex) }
  const edited = { ...flag, fallthrough: { rollout: next } }
  return { flag: edited, notes: whoElse(edited) }
}

function slotsOf(flag: NamedFlag, rollout: Rollout | undefined, wanted: number): readonly WeightedVariation[] {
  const only = flag.fallthrough?.variation
  const slots = rollout?.variations ?? (typeof only === 'number' ? [{ variation: only, weight: WHOLE }] : [])
  const places = slots.filter((slot) => slot.variation === wanted).length
  if (places > 1) {
    const name = nameAt(flag, wanted)
    throw new Failure(
      'refused',
      `The rollout of "${flag.key}" lists ${name} ${places} times: import it with one place each`,
    )
  }
  if (places === 1) return slots
  // Whoever has all of it now gives way; first, so that its bucket starts at 0 as LaunchDarkly's own new rollouts do.
  return [{ variation: wanted, weight: 0 }, ...slots]
}

function shareOut(
  flag: NamedFlag,
  slots: readonly WeightedVariation[],
  wanted: number,
  weight: number,
  restIndex: number | undefined,
): readonly WeightedVariation[] {
  const left = WHOLE - weight
  let shares = slots.map((slot) => (slot.variation === wanted ? 0 : Math.max(0, slot.weight)))
  let all = slots
  const total = shares.reduce((sum, share) => sum + share, 0)
  if (restIndex !== undefined || (total === 0 && left > 0)) {
    const heir = restIndex ?? onlyHeir(flag, slots, wanted)
    if (!slots.some((slot) => slot.variation === heir)) all = [...slots, { variation: heir, weight: 0 }]
    const place = all.findIndex((slot) => slot.variation === heir)
    shares = all.map((_, index) => (index === place ? 1 : 0))
  }
  // By running sums: nothing is lost in rounding, and no border between two slots moves the wrong way.
  const sum = shares.reduce((before, share) => before + share, 0)
  let before = 0
  let given = 0
  return all.map((slot, index) => {
    if (slot.variation === wanted) return { ...slot, weight }
    before += shares[index] ?? 0
    const upTo = sum === 0 ? 0 : Math.floor((before * left) / sum)
    const share = upTo - given
    given = upTo
    return { ...slot, weight: share }
  })
}

/** Who gets the rest when nobody has it now: the only other slot, the off variation, or the only other variation. */
function onlyHeir(flag: NamedFlag, slots: readonly WeightedVariation[], wanted: number): number {
  const others = [...new Set(slots.map((slot) => slot.variation))].filter((index) => index !== wanted)
  if (others.length === 1 && others[0] !== undefined) return others[0]
  const count = flag.variations?.length ?? 0
  const { offVariation } = flag
  if (typeof offVariation === 'number' && offVariation !== wanted && offVariation < count) return offVariation
  if (count === 2) return 1 - wanted
  throw new Failure('bad_input', `Who of "${flag.key}" gets the rest? Say it with --rest <variation>`)
}
