import { type FlagData, flagFault } from '@waybill/flags'
import { listed } from './render/text.ts'
import type { Store } from './store/store.ts'

export interface Dependants {
  /** Keys, or `null` when they could not be read. */
  readonly dependants: readonly string[] | null
  readonly notes: readonly string[]
}

/**
 * The flags that have this one as a prerequisite: while it is off they serve their own off variation, whatever else they say.
 * Never rejects: whoever turns a flag off has done so by now.
 */
export async function dependantsOf(store: Store, key: string): Promise<Dependants> {
  let flags: Readonly<Record<string, FlagData>>
  try {
    flags = (await store.readAll())?.flags ?? {}
  } catch {
    return { dependants: null, notes: ['Which flags have it as a prerequisite could not be read.'] }
  }
  const found = Object.values(flags)
    // One that is malformed serves nobody.
    .filter((flag) => flagFault(flag) === undefined && flag.prerequisites?.some((one) => one.key === key))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const dependants = found.map((flag) => flag.key)
  if (found.length === 0) return { dependants, notes: [] }
  const named = found.map((flag) => (flag.on ? flag.key : `${flag.key} (off itself)`))
  const note = `Flags that have it as a prerequisite serve their off variation while it is off: ${listed(named, 20)}.`
  return { dependants, notes: [note] }
}
