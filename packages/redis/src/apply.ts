import {
  type AuditItem,
  type ChangeOutcome,
  type ChangesReport,
  type FlagChange,
  FlagDataError,
  type FlagOwner,
  faultsOf,
  noSuchFlag,
  notOwner,
  type StoreKind,
  type VersionedItem,
} from '@waybill/flags'
import { runScript } from './client.ts'
import type { ReadPlace } from './flag-reader.ts'
import { applyScript } from './scripts.ts'

export interface Place extends ReadPlace {
  readonly writer: FlagOwner
}

/** A conditional write; `older`: unless the same version or a newer one is there. */
export interface Change {
  readonly kind: StoreKind
  readonly item: VersionedItem
  readonly ifVersion: number | 'absent' | 'older'
  readonly record?: AuditItem | undefined
}

/** Writes all in one script: what becomes of each, in their order. */
export async function apply(
  { redis, schema, writer }: Place,
  changes: readonly Change[],
): Promise<readonly ChangeOutcome[]> {
  const args = changes.flatMap(({ kind, item, ifVersion, record }) => [
    kind,
    item.key,
    JSON.stringify(item),
    String(item.version),
    String(ifVersion),
    ...(record === undefined ? ['', ''] : [record.key, JSON.stringify(record)]),
  ])
  const said = (await runScript(redis, applyScript, schema.all, [writer, ...args])) as readonly unknown[]
  return changes.map(({ kind, item: { key } }, index) => {
    const outcome = String(said[index])
    if (outcome === 'written' || outcome === 'stale') return { status: outcome }
    if (outcome === 'none') return { status: 'refused', error: noSuchFlag(key) }
    return { status: 'refused', error: notOwner(kind as FlagChange['kind'], key, outcome as FlagOwner, writer) }
  })
}

/** Throws what is refused. */
export async function applyOne(place: Place, change: Change): Promise<'written' | 'stale'> {
  const [outcome] = await apply(place, [change])
  if (outcome?.status === 'refused') throw outcome.error
  return outcome?.status === 'written' ? 'written' : 'stale'
}

/** In one script: while it runs, all other clients of the server wait. */
const MAX_CHANGES = 25
const MAX_CHARACTERS = 1_000_000

/**
 * Many conditional writes, in groups of one script each, so that what a group came to is whole, with its records and the meta,
 * whenever the writer or the server is killed.
 */
export async function putAll(place: Place, changes: readonly FlagChange[]): Promise<ChangesReport> {
  const faults = faultsOf(changes)
  const outcomes = new Map<number, ChangeOutcome>()
  for (const [index, error] of faults) outcomes.set(index, { status: 'refused', error })
  const groups = groupsOf([...changes.entries()].filter(([index]) => !faults.has(index)))
  let failure: FlagDataError | undefined
  try {
    // Of none, the script makes the meta good, if somebody else has changed something behind it.
    if (groups.length === 0) await apply(place, [])
    for (const group of groups) {
      const said = await apply(
        place,
        group.map(([, change]) => change),
      )
      for (const [at, [index]] of group.entries()) outcomes.set(index, said[at] ?? { status: 'unknown' })
    }
  } catch (error) {
    if (!(error instanceof FlagDataError)) throw error
    failure = error
  }
  return {
    outcomes: changes.map((_, index) => outcomes.get(index) ?? { status: 'unknown' }),
    ...(failure === undefined ? {} : { failure }),
  }
}

type Numbered = readonly [index: number, change: FlagChange]

function groupsOf(changes: readonly Numbered[]): readonly (readonly Numbered[])[] {
  const groups: Numbered[][] = []
  let characters = 0
  for (const numbered of changes) {
    const [, { item, record = '' }] = numbered
    const own = JSON.stringify(item).length + JSON.stringify(record).length
    const group = groups.at(-1)
    if (group === undefined || group.length === MAX_CHANGES || characters + own > MAX_CHARACTERS) {
      groups.push([numbered])
      characters = own
    } else {
      group.push(numbered)
      characters += own
    }
  }
  return groups
}
