import { type JsonValue, sameJson } from '@waybill/core'
import { WHOLE } from '../compile/rollout.ts'
import type { Clause, FlagData, Target } from '../model.ts'
import { FlagDataError } from '../store.ts'
import { variationNames } from '../variation-names.ts'

/** Values by their names, in the order of the flag's list. */
export type NamedVariations = Readonly<Record<string, JsonValue>>

/** Changes one flag of a memory source, a step at a time. Each step is at once in force, and answers the builder. */
export interface FlagBuilder {
  /** Everybody whom no target and no rule has gets this variation. */
  everybody(variation: string): FlagBuilder
  /**
   * This share of everybody, from 0 to 100, and `rest` for the others: by default the first other variation. Raising the
   * share moves nobody out of it.
   */
  percentage(variation: string, percent: number, rest?: string): FlagBuilder
  /** These keys, of users or of another kind. A key is in one target only: it moves. */
  target(variation: string, keys: string | readonly string[], contextKind?: string): FlagBuilder
  /** Adds a rule: whoever matches all clauses. */
  rule(variation: string, ...clauses: readonly Clause[]): FlagBuilder
  on(): FlagBuilder
  /** Off, at the variation that the flag has for that, or at this one. */
  off(variation?: string): FlagBuilder
  /** The flag as it is now. */
  readonly data: FlagData
}

const OFF_ON: NamedVariations = { off: false, on: true }

/**
 * Builds on the flag that is there; a new one is on, at its first variation for everybody, which is also its off variation.
 * Throws `bad_flag_data` for a variation that the flag has not.
 */
export function flagBuilder(
  key: string,
  existing: FlagData | undefined,
  named: NamedVariations | undefined,
  write: (flag: Omit<FlagData, 'version'>) => FlagData,
): FlagBuilder {
  const variations = named === undefined ? undefined : Object.values(named)
  const fresh = { key, on: true, salt: key, offVariation: 0, fallthrough: { variation: 0 } }
  const { version: _version, ...before } = existing ?? { ...fresh, version: 0, variations: Object.values(OFF_ON) }
  const isChanged =
    existing === undefined || (variations !== undefined && !sameJson(variations, before.variations ?? []))
  let data = isChanged ? write({ ...before, ...(variations === undefined ? {} : { variations }) }) : existing
  const names = named ?? (sameJson(before.variations ?? [], Object.values(OFF_ON)) ? OFF_ON : {})

  const change = (more: Partial<FlagData>): FlagBuilder => {
    const { version: _version, ...rest } = { ...data, ...more }
    data = write(rest)
    return builder
  }
  const indexOf = (variation: string): number => {
    const index = Object.keys(names).indexOf(variation)
    const found = index === -1 ? variationNames(data.variations ?? []).indexOf(variation) : index
    if (found !== -1) return found
    throw new FlagDataError('bad_flag_data', `Flag "${key}" has no variation "${variation}"`)
  }

  const builder: FlagBuilder = {
    get data() {
      return data
    },
    everybody: (variation) => change({ fallthrough: { variation: indexOf(variation) } }),
    percentage: (variation, percent, rest) => {
      const chosen = indexOf(variation)
      if (!(percent >= 0 && percent <= 100)) {
        throw new FlagDataError('bad_flag_data', `Flag "${key}": ${percent} is no percentage`)
      }
      const weight = Math.round((percent * WHOLE) / 100)
      const other = rest === undefined ? (chosen === 0 ? 1 : 0) : indexOf(rest)
      if (other >= (data.variations ?? []).length) {
        throw new FlagDataError('bad_flag_data', `Flag "${key}" has no other variation than "${variation}"`)
      }
      const rollout = [
        { variation: chosen, weight },
        { variation: other, weight: WHOLE - weight },
      ]
      return change({ fallthrough: { rollout: { variations: rollout } } })
    },
    target: (variation, keys, contextKind = 'user') => {
      const moved = new Set(typeof keys === 'string' ? [keys] : keys)
      const entry: Target = { contextKind, variation: indexOf(variation), values: [...moved] }
      const kindOf = (target: Target): string => target.contextKind || 'user'
      const kept = (target: Target): Target =>
        kindOf(target) === contextKind ? { ...target, values: target.values.filter((one) => !moved.has(one)) } : target
      const before = [...(data.targets ?? []), ...(data.contextTargets ?? [])].map(kept)
      const all = [...before, entry].filter(({ values }) => values.length > 0)
      const users = all.filter((target) => kindOf(target) === 'user')
      const others = all.filter((target) => kindOf(target) !== 'user')
      // Where there are other kinds, their list says in which order users come: LaunchDarkly's own way of writing it.
      const places = users.map((target) => ({ contextKind: 'user', variation: target.variation, values: [] }))
      return change({ targets: merged(users), contextTargets: others.length === 0 ? [] : [...places, ...others] })
    },
    rule: (variation, ...clauses) => {
      const rules = data.rules ?? []
      return change({ rules: [...rules, { id: `rule-${rules.length}`, variation: indexOf(variation), clauses }] })
    },
    on: () => change({ on: true }),
    off: (variation) => change({ on: false, ...(variation === undefined ? {} : { offVariation: indexOf(variation) }) }),
  }
  return builder
}

/** One entry for each variation. */
function merged(targets: readonly Target[]): readonly Target[] {
  const byVariation = Map.groupBy(targets, ({ variation }) => variation)
  return [...byVariation].map(([variation, all]) => ({ variation, values: all.flatMap(({ values }) => values) }))
}
