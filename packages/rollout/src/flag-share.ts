import { type FlagData, flagFault, type NamedFlag, namesOf, type WeightedVariation } from '@waybill/flags'
import { RolloutError } from './errors.ts'
import type { CheckedPlan } from './plan.ts'

/** LaunchDarkly's weights are thousandths of a percent. */
const WHOLE = 100_000

/** Where the two variations stand in the flag's data. */
export interface Sides {
  readonly canary: number
  readonly control: number
}

/** `undefined` when the flag does not know the plan's variations, or not which is which. */
export function sidesIn(flag: NamedFlag, plan: Pick<CheckedPlan, 'canary' | 'control'>): Sides | undefined {
  const names = namesOf(flag)
  const [canary, control] = [plan.canary, plan.control].map((name) => {
    const found = names.indexOf(name)
    return names.indexOf(name, found + 1) === -1 ? found : -1
  })
  if (canary === undefined || control === undefined || canary === -1 || control === -1) return undefined
  return { canary, control }
}

/** The same; throws `bad_flag`. */
export function sidesOf(flag: NamedFlag, plan: Pick<CheckedPlan, 'canary' | 'control'>): Sides {
  const sides = sidesIn(flag, plan)
  if (sides !== undefined) return sides
  const names = namesOf(flag).join(', ') || 'none'
  const message = `"${flag.key}" has not both ${plan.canary} and ${plan.control}, each once: it has ${names} ("waybill flags name" gives variations the names that the code declares)`
  throw new RolloutError('bad_flag', message)
}

/**
 * The canary's percentage of the users whom no target and no rule names; `undefined` where canary and control do not share
 * them, each in one place.
 */
export function percentIn({ fallthrough }: FlagData, { canary, control }: Sides): number | undefined {
  const { variation, rollout } = fallthrough ?? {}
  if (!rollout && typeof variation === 'number') {
    return variation === canary ? 100 : variation === control ? 0 : undefined
  }
  if (!rollout || rollout.kind === 'experiment') return undefined
  const shares = rollout.variations.filter(({ weight }) => weight > 0)
  const own = shares.filter((one) => one.variation === canary)
  const rest = shares.filter((one) => one.variation === control)
  if (own.length > 1 || rest.length > 1 || own.length + rest.length !== shares.length) return undefined
  const weight = own[0]?.weight ?? 0
  return weight + (rest[0]?.weight ?? 0) === WHOLE ? (weight * 100) / WHOLE : undefined
}

/**
 * The flag with this percentage for the canary and the rest for control. Both keep their order, the canary first in a new
 * one: so a larger percentage moves nobody out of the canary, and the same one later finds the same users.
 */
export function withPercent(flag: FlagData, sides: Sides, percent: number): FlagData {
  const { rollout } = flag.fallthrough ?? {}
  const weight = Math.round((percent * WHOLE) / 100)
  const own: WeightedVariation = { variation: sides.canary, weight }
  const rest: WeightedVariation = { variation: sides.control, weight: WHOLE - weight }
  const order = (rollout?.variations ?? []).map(({ variation }) => variation)
  const controlFirst =
    order.includes(sides.control) &&
    order.includes(sides.canary) &&
    order.indexOf(sides.control) < order.indexOf(sides.canary)
  return { ...flag, fallthrough: { rollout: { ...rollout, variations: controlFirst ? [rest, own] : [own, rest] } } }
}

/** Throws `bad_flag`, with what to do, for a flag that a rollout cannot begin with. */
export function checkStartable(flag: FlagData | undefined, plan: CheckedPlan): { sides: Sides; percent: number } {
  const bad = (message: string): RolloutError => new RolloutError('bad_flag', message)
  if (flag === undefined || flag.deleted) throw bad(`There is no flag "${plan.flag}"`)
  const fault = flagFault(flag)
  if (fault !== undefined) throw bad(`"${flag.key}" is malformed, ${fault}`)
  const sides = sidesOf(flag, plan)
  if (flag.on !== true) throw bad(`"${flag.key}" is off, nobody could get the canary: turn it on, with all for control`)
  if (flag.offVariation === sides.canary) {
    throw bad(`"${flag.key}" gives ${plan.canary} to everybody when it is off: make ${plan.control} its off variation`)
  }
  const percent = percentIn(flag, sides)
  if (percent === undefined) {
    throw bad(`The fallthrough of "${flag.key}" is not ${plan.canary}'s and ${plan.control}'s alone, each in one place`)
  }
  const waits = plan.approvals.includes(0)
  const first = waits ? 0 : (plan.steps[0]?.percent ?? 0)
  // The same percentage would not even be a version of its own: what was counted before would be held against it.
  if (percent > 0 && percent >= first) {
    const wanted = waits ? 'a first step that wants no approval' : `a first step above ${percent} %`
    const either = percent === 100 ? '' : `begin with ${wanted}, or `
    throw bad(`${percent} % have ${plan.canary} of "${flag.key}" already: ${either}give ${plan.control} to all first`)
  }
  return { sides, percent }
}
