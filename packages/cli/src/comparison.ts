import type { JsonValue } from '@waybill/core'
import type { FlagData, SegmentData } from '@waybill/flags'
import { type Difference, differences } from './differences.ts'

type Items = Readonly<Record<string, FlagData | SegmentData>>

export interface Contents {
  readonly flags: Items
  readonly segments: Items
}

/** One flag or segment that is not the same on both sides. */
export interface Differing {
  readonly kind: 'features' | 'segments'
  readonly key: string
  readonly where: 'store' | 'file' | 'both'
  /** From the store to the file; versions are no content. */
  readonly differences: readonly Difference[]
}

/** Where a file and a store differ, in the order of keys. */
export function comparison(store: Contents, file: Contents): readonly Differing[] {
  return [...compared('features', store.flags, file.flags), ...compared('segments', store.segments, file.segments)]
}

function compared(kind: Differing['kind'], store: Items, file: Items): readonly Differing[] {
  const live = (items: Items, key: string): FlagData | SegmentData | undefined => {
    const item = Object.hasOwn(items, key) ? items[key] : undefined
    return item?.deleted ? undefined : item
  }
  const keys = [...new Set([...Object.keys(store), ...Object.keys(file)])].sort()
  return keys.flatMap((key): readonly Differing[] => {
    const [held, wanted] = [live(store, key), live(file, key)]
    if (held === undefined && wanted === undefined) return []
    if (held === undefined) return [{ kind, key, where: 'file', differences: [] }]
    if (wanted === undefined) return [{ kind, key, where: 'store', differences: [] }]
    const found = differences(plain(held), plain(wanted)).filter(({ path }) => path !== 'version')
    return found.length === 0 ? [] : [{ kind, key, where: 'both', differences: found }]
  })
}

function plain(item: FlagData | SegmentData): JsonValue {
  return JSON.parse(JSON.stringify(item)) as JsonValue
}
