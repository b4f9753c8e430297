import type { FlagData, SegmentData } from '@waybill/flags'
import type { Author } from './audit.ts'
import { apply, type Proposal, plan } from './change.ts'
import { Failure } from './failure.ts'
import { failureOf } from './failure-of.ts'
import type { FlagFile } from './flag-file.ts'
import type { Store } from './store/store.ts'

export interface Imported {
  readonly kind: 'features' | 'segments'
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

/** A store that was never filled keeps no digest yet, so that writers do not stand in each other's way. */
const AT_ONCE_WHEN_NEW = 8

/**
 * Writes each item of a file that differs from the store's, one by one and with a record each. One that is refused (another's
 * flag, a newer version) keeps none of the others back; a store that fails ends it, and says how far it came.
 */
export async function importAll(
  store: Store,
  file: FlagFile,
  author: Author,
  options: ImportOptions,
): Promise<readonly Imported[]> {
  const items: (readonly ['features' | 'segments', FlagData | SegmentData])[] = [
    // Segments first: a flag that refers to one finds it.
    ...Object.values(file.segments).map((item) => ['segments', item] as const),
    ...Object.values(file.flags).map((item) => ['features', item] as const),
  ]
  const held = await store.readAll()
  const isNew = held === undefined
  const heldItem = (kind: 'features' | 'segments', key: string): FlagData | SegmentData | undefined => {
    const all: Readonly<Record<string, FlagData | SegmentData>> =
      (kind === 'features' ? held?.flags : held?.segments) ?? {}
    return Object.hasOwn(all, key) ? all[key] : undefined
  }
  const outcomes: Imported[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined; item = items[next]) {
      next += 1
      const [kind, data] = item
      outcomes.push(await importOne(store, kind, heldItem(kind, data.key), data, author, options))
    }
  }
  try {
    await Promise.all(Array.from({ length: isNew ? AT_ONCE_WHEN_NEW : 1 }, worker))
    // Last: readers see all of it or nothing.
    if (isNew && !options.dryRun) await store.markFilled()
  } catch (error) {
    next = items.length
    const { code, message } = failureOf(error, options.storeName)
    const done = outcomes.filter(({ status }) => status === 'created' || status === 'changed').length
    const advice = 'repeat the import, it goes on where it stopped'
    throw new Failure(code, `${message}. Of ${items.length} items ${done} were written before: ${advice}`, {
      cause: error,
    })
  }
  return outcomes.toSorted((a, b) => (`${a.kind} ${a.key}` < `${b.kind} ${b.key}` ? -1 : 1))
}

async function importOne(
  store: Store,
  kind: 'features' | 'segments',
  held: FlagData | SegmentData | undefined,
  after: FlagData | SegmentData,
  author: Author,
  { dryRun, storeName, unique }: ImportOptions,
): Promise<Imported> {
  // Most of an import is there already: the snapshot says so without a request for each.
  const before = held ?? (await store.get(kind, after.key))
  const absent = before === undefined || before.deleted === true
  if (after.deleted && absent) return { kind, key: after.key, status: 'unchanged', version: before?.version ?? 0 }
  const proposal: Proposal = { kind, action: 'import', before, after }
  try {
    const changed = dryRun ? plan(proposal) : await apply(store, proposal, author, unique())
    const status = changed.status === 'unchanged' ? 'unchanged' : absent ? 'created' : 'changed'
    return { kind, key: after.key, status, version: changed.after.version }
  } catch (error) {
    const { code, message } = failureOf(error, storeName)
    if (code !== 'conflict' && code !== 'refused') throw error
    return { kind, key: after.key, status: 'refused', version: before?.version ?? 0, code, message }
  }
}
