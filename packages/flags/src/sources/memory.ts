import type { FlagSource } from '@waybill/core'
import type { FlagData, FlagSet } from '../model.ts'
import { compileRuleset } from '../ruleset.ts'

/** A source whose data is here: for tests, demos, and defaults that are code. */
export interface MemorySource extends FlagSource {
  /** Puts a flag in the place of its older version; the version is counted up where it is not given. */
  update(flag: Omit<FlagData, 'version'> & { readonly version?: number }): void
  readonly data: FlagSet
}

/**
 * Makes a source of flag data in memory.
 *
 * @example
 * ```ts
 * const source = memorySource({ flags: { f: { key: 'f', version: 1, on: false, variations: [true, false], offVariation: 1 } } })
 * source.update({ key: 'f', on: true, variations: [true, false], fallthrough: { variation: 0 } })
 * ```
 */
export function memorySource(initial: FlagSet = { flags: {} }): MemorySource {
  let data = initial
  let ruleset = compileRuleset(data)
  return {
    get data() {
      return data
    },
    decide: (context, flags) => ruleset.answer(context, flags),
    update: (flag) => {
      const version = flag.version ?? (data.flags[flag.key]?.version ?? 0) + 1
      data = { ...data, flags: { ...data.flags, [flag.key]: { ...flag, version } } }
      ruleset = compileRuleset(data)
    },
  }
}
