import { type ChangeOutcome, type FlagData, type FlagSnapshot, notOwner, type SegmentData } from '@waybill/flags'
import type { Author } from './audit.ts'
import { type Changed, conflict, type Proposal, plan, writeOf } from './change.ts'
import { Failure } from './failure.ts'
import { failureOf } from './failure-of.ts'
import type { FlagFile } from './flag-file.ts'
import type { Store } from './store/store.ts'

type Kind = Proposal['kind']
type Item = FlagData | SegmentData

export interface Imported {
  readonly kind: Kind
  readonly key: string
  readonly status: 'created' | 'changed' | 'unchanged' | 'refused'
  readonly version: number
  /** Why it was refused. */
  readonly code?: string
  readonly message?: string
}

export interface ImportOptions {
  readonly dryRun: boolean
  /** As messages call the store. */
  readonly storeName: string
  readonly unique: () => string
}

const READS_AT_ONCE = 16

interface Planned {
  readonly proposal: Proposal
  readonly changed: Changed
}

/**
 * Writes each item of a file that differs from the store's, with a record each. One that is refused (another's flag, a newer
 * version) keeps none of the others back; a store that fails ends it, and says how far it came.
 */
export async function importAll(
  store: Store,
  file: FlagFile,
  author: Author,
  options: ImportOptions,
): Promise<readonly Imported[]> {
  const held = await store.readAll()
  const planned = await planAll(store, held, file)
  const outcomes = options.dryRun
    ? await foreseen(store, planned)
    : await writeAll(store, held, planned, author, options)
  const imported = await Promise.all(planned.map((one) => said(store, one, outcomes.get(one), options.storeName)))
  return imported.toSorted((a, b) => (`${a.kind} ${a.key}` < `${b.kind} ${b.key}` ? -1 : 1))
}

async function planAll(store: Store, held: FlagSnapshot | undefined, file: FlagFile): Promise<readonly Planned[]> {
  const items: (readonly [Kind, Item])[] = [
    // Segments first: a flag that refers to one finds it.
    ...Object.values(file.segments).map((item) => ['segments', item] as const),
    ...Object.values(file.flags).map((item) => ['features', item] as const),
  ]
  const planned: Planned[] = []
  for (let start = 0; start < items.length; start += READS_AT_ONCE) {
    const some = items.slice(start, start + READS_AT_ONCE).map(async ([kind, after]) => {
      // Most of an import is there already: the snapshot says so without a request for each.
      const before = heldItem(held, kind, after.key) ?? (await store.get(kind, after.key))
      const proposal: Proposal = { kind, action: 'import', before, after }
      return { proposal, changed: plan(proposal) }
    })
    planned.push(...(await Promise.all(some)))
  }
  return planned
}

function heldItem(held: FlagSnapshot | undefined, kind: Kind, key: string): Item | undefined {
  const items: Readonly<Record<string, Item>> = (kind === 'features' ? held?.flags : held?.segments) ?? {}
  return Object.hasOwn(items, key) ? items[key] : undefined
}

async function writeAll(
  store: Store,
  held: FlagSnapshot | undefined,
  planned: readonly Planned[],
  author: Author,
  { storeName, unique }: ImportOptions,
): Promise<ReadonlyMap<Planned, ChangeOutcome>> {
  const different = planned.filter(({ changed }) => changed.status === 'changed')
  const writes = different.map(({ proposal, changed }) => writeOf(proposal, changed, author, unique()))
  // Of nothing as well, where an import was broken off: that puts the store right.
  const { outcomes, failure } = writes.length > 0 || held?.inFlux ? await store.putAll(writes) : { outcomes: [] }
  const written = outcomes.filter(({ status }) => status === 'written').length
  try {
    if (failure !== undefined) throw failure
    // Last: readers see all of it or nothing.
    if (held === undefined) await store.markFilled()
  } catch (error) {
    const { code, message } = failureOf(error, storeName)
    const advice = 'repeat the import, it goes on where it stopped'
    const far = `Of ${writes.length} items to write ${written} were written before: ${advice}`
    throw new Failure(code, `${message}. ${far}`, { cause: error })
  }
  return new Map(different.map((one, index) => [one, outcomes[index] ?? { status: 'unknown' }]))
}

/** What a dry run can tell without writing: whose the flags are. */
async function foreseen(store: Store, planned: readonly Planned[]): Promise<ReadonlyMap<Planned, ChangeOutcome>> {
  const owners = new Map((await store.list('owners')).map(({ key, owner }) => [key, owner]))
  const refused = planned.flatMap((one): readonly (readonly [Planned, ChangeOutcome])[] => {
    const { kind, after } = one.proposal
    const owner = owners.get(kind === 'features' ? after.key : `segments/${after.key}`) ?? 'waybill'
    if (one.changed.status === 'unchanged' || owner === 'waybill') return []
    return [[one, { status: 'refused', error: notOwner(kind, after.key, owner, 'waybill') }]]
  })
  return new Map(refused)
}

async function said(
  store: Store,
  { proposal, changed }: Planned,
  outcome: ChangeOutcome | undefined,
  storeName: string,
): Promise<Imported> {
  const { kind, before, after } = proposal
  const names = { kind, key: after.key }
  const refusal =
    outcome?.status === 'refused'
      ? failureOf(outcome.error, storeName)
      : outcome?.status === 'stale'
        ? await conflict(store, proposal)
        : undefined
  if (refusal !== undefined) {
    const { code, message } = refusal
    return { ...names, status: 'refused', version: before?.version ?? 0, code, message }
  }
  const status = changed.status === 'unchanged' ? 'unchanged' : before && !before.deleted ? 'changed' : 'created'
  return { ...names, status, version: changed.after.version }
}
