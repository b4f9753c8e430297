import type { FlagSource } from '@waybill/core'
import type { FlagData, FlagSet, SegmentData } from '../model.ts'
import { compileRuleset } from '../ruleset.ts'
import { type FlagBuilder, flagBuilder, type NamedVariations } from './flag-builder.ts'

/** A source whose data is here: for tests, demos, and defaults that are code. */
export interface MemorySource extends FlagSource {
  /** Puts a flag in the place of its older version; the version is counted up where it is not given. */
  update(flag: Omit<FlagData, 'version'> & { readonly version?: number }): void
  /** The same for a segment. */
  updateSegment(segment: Omit<SegmentData, 'version'> & { readonly version?: number }): void
  /** Changes a flag step by step; a new one has these variations, or `off` and `on`. */
  flag(key: string, variations?: NamedVariations): FlagBuilder
  readonly data: FlagSet
}

/**
 * Makes a source of flag data in memory.
 *
 * @example
 * ```ts
 * const source = memorySource()
 * source.flag('new-order-flow', { control: false, canary: true }).percentage('canary', 10).target('canary', 'tester-1')
 * source.flag('new-order-flow').off().data.on // false
 * ```
 */
export function memorySource(initial: FlagSet = { flags: {} }): MemorySource {
  let data = initial
  let ruleset = compileRuleset(data)
  const names = new Map<string, NamedVariations>()

  const use = (next: FlagSet): void => {
    data = next
    ruleset = compileRuleset(data)
  }
  const update: MemorySource['update'] = (flag) => {
    const version = flag.version ?? (own(data.flags, flag.key)?.version ?? 0) + 1
    use({ ...data, flags: { ...data.flags, [flag.key]: { ...flag, version } } })
  }
  return {
    get data() {
      return data
    },
    decide: (context, flags) => ruleset.answer(context, flags),
    update,
    updateSegment: (segment) => {
      const version = segment.version ?? (own(data.segments ?? {}, segment.key)?.version ?? 0) + 1
      use({ ...data, segments: { ...data.segments, [segment.key]: { ...segment, version } } })
    },
    flag: (key, variations = names.get(key)) => {
      if (variations !== undefined) names.set(key, variations)
      return flagBuilder(key, own(data.flags, key), variations, (flag) => {
        update(flag)
        return data.flags[key] as FlagData
      })
    },
  }
}

/** A flag may be called `constructor`, which every object has. */
function own<T>(items: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(items, key) ? items[key] : undefined
}
