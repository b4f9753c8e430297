import type { FlagData, FlagSet, SegmentData } from './model.ts'
import type { AuditItem, FlagOwner, VersionedItem, VersionedStore } from './versioned-store.ts'

export type ItemKind = 'features' | 'segments'
/** An item as it is stored: a deleted one is a tombstone, `{ key, version, deleted: true }`. */
export type StoredItem = FlagData | SegmentData

/** Names one state of a store's flags and segments: two that are alike have the same content. */
export interface StoreMeta {
  /** Counted up by every write. */
  readonly dataVersion: number
  readonly digest: string
}

/** Everything at once. `meta` is there when the store keeps one and the content was found to be what it names. */
export interface FlagSnapshot extends FlagSet {
  readonly meta?: StoreMeta
  /** The content is not what the store's meta names: writes are under way, or were broken off. */
  readonly inFlux?: boolean
}

/** One of many writes: as `put` makes it. */
export interface FlagChange {
  readonly kind: ItemKind
  readonly item: StoredItem
  /** The version that the writer read; `absent` when there was none. */
  readonly ifVersion: number | 'absent'
  readonly record?: AuditItem
}

export type ChangeOutcome =
  | { readonly status: 'written' | 'stale' }
  /** The other owner's, too large, or no item that can be written. */
  | { readonly status: 'refused'; readonly error: FlagDataError }
  /** The store failed before it answered, or before it was asked: look before you repeat it. */
  | { readonly status: 'unknown' }

/** What became of many changes. */
export interface ChangesReport {
  /** One for each change, in their order. */
  readonly outcomes: readonly ChangeOutcome[]
  /** What the store failed with: then something is `unknown`, a record is left of what was not written, or the meta is old. */
  readonly failure?: FlagDataError
}

/** What deciding needs of a store. */
export interface FlagReader {
  /** Everything, tombstones left out; `undefined` when the store has never been filled by `init`. */
  readAll(signal?: AbortSignal): Promise<FlagSnapshot | undefined>
  /**
   * What `readAll` would name its content, at a small part of its cost; `undefined` where the store keeps none, and while
   * many writes are under way or were broken off: then only `readAll` shows what is there.
   */
  readMeta?(signal?: AbortSignal): Promise<StoreMeta | undefined>
}

/**
 * Where flag data lives. A store holds; a source answers (`cachedSource` makes one of the other). Every method rejects
 * when the store cannot be reached: only sources know what to do then.
 */
export interface FlagStore extends FlagReader, VersionedStore {
  /**
   * Writes an item unless the store has the same version or a newer one, as ld-relay does. Whoever edits what they have
   * read uses `put`.
   */
  upsert(kind: ItemKind, item: StoredItem): Promise<'written' | 'stale'>
  /**
   * Fills the store with exactly this data, but for what the other owner wrote: that stays. What can be written is; then it
   * rejects with `not_owner` or `item_too_large`, its `keys` naming what was not.
   */
  init(data: FlagSet): Promise<void>
  /**
   * Writes many, each as `put` does, and renews the meta once. Never rejects: the report says what became of each. When it
   * breaks off, `readMeta` names the old content no longer, so that readers see what was written; repeating it, or the next
   * `init`, makes the meta good.
   *
   * @example
   * ```ts
   * const { outcomes, failure } = await store.putAll([{ kind: 'features', item: { key: 'f', version: 2 }, ifVersion: 1 }])
   * ```
   */
  putAll(changes: readonly FlagChange[]): Promise<ChangesReport>
  /**
   * Readers take a store that was never filled for one that is down: this makes it a filled one, of what is in it. Rejects
   * with `not_owner` when that is another writer's, who is in the middle of a first `init`.
   */
  markFilled(): Promise<void>
  /** The same store, written in this name. A store writes as `waybill` unless it was made otherwise. */
  as(writer: FlagOwner): FlagStore
}

/** Coded errors of stores and of flag data. */
export type FlagDataErrorCode = 'bad_flag_data' | 'bad_version' | 'item_too_large' | 'not_owner' | 'store_unavailable'

export interface FlagDataErrorOptions extends ErrorOptions {
  readonly keys?: readonly string[]
}

/** Thrown at set-up, by stores and by tools; a source turns it into an answer. */
export class FlagDataError extends Error {
  readonly code: FlagDataErrorCode
  /** The flags and segments that it is about. */
  readonly keys: readonly string[]

  constructor(code: FlagDataErrorCode, message: string, options: FlagDataErrorOptions = {}) {
    super(`${message} [${code}]`, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'FlagDataError'
    this.code = code
    this.keys = options.keys ?? []
  }
}

/** The refusal of a write to what the other owner writes. */
export function notOwner(kind: ItemKind, key: string, owner: FlagOwner, writer: FlagOwner): FlagDataError {
  const name = kind === 'features' ? `flag "${key}"` : `segment "${key}"`
  return new FlagDataError('not_owner', `${name} is written by ${owner}: change its owner before ${writer} writes it`, {
    keys: [key],
  })
}

/** The refusal to take for filled what the other owner is filling. */
export function beingFilled(writer: FlagOwner): FlagDataError {
  return new FlagDataError('not_owner', `the store is being filled by another writer than ${writer}: wait for its end`)
}

/** The refusal of an owner for what is not there. */
export function noSuchFlag(key: string): FlagDataError {
  return new FlagDataError('bad_flag_data', `"${key}" has no owner to change: there is no such flag`, { keys: [key] })
}

/** Throws `bad_flag_data` for what no store can hold, and `bad_version` when a write does not raise the version. */
export function checkWrite(kind: string, item: VersionedItem, ifVersion: number | 'absent'): void {
  if (typeof item?.key !== 'string' || item.key === '' || !Number.isSafeInteger(item.version)) {
    throw new FlagDataError('bad_flag_data', `an item of ${kind} needs a key and a whole number as its version`)
  }
  if (kind === 'owners' && !isOwner(item)) {
    throw new FlagDataError('bad_flag_data', `the owner of "${item.key}" is launchdarkly or waybill`)
  }
  if (ifVersion !== 'absent' && item.version <= ifVersion) {
    throw new FlagDataError(
      'bad_version',
      `"${item.key}" of ${kind} must be written with a version above ${ifVersion}, not ${item.version}`,
      { keys: [item.key] },
    )
  }
}

/** A store's refusal: nothing was written. After any other error it may have been. */
export function isRefusal(error: unknown): error is FlagDataError {
  return error instanceof FlagDataError && error.code !== 'store_unavailable'
}

/** All that an `init` could not write, in one error: its code is the first one's. */
export function summedRefusal(refusals: readonly FlagDataError[]): FlagDataError | undefined {
  const [first] = refusals
  if (first === undefined || refusals.length === 1) return first
  const said = refusals.slice(0, 3).map(({ message, code }) => message.replace(` [${code}]`, ''))
  const rest = refusals.length > said.length ? `; and ${refusals.length - said.length} more` : ''
  const keys = refusals.flatMap((refusal) => refusal.keys)
  return new FlagDataError(first.code, said.join('; ') + rest, { cause: first, keys })
}

/** What no store writes of many changes, by index: what `checkWrite` refuses, and the second of two of one item or record. */
export function faultsOf(changes: readonly FlagChange[]): ReadonlyMap<number, FlagDataError> {
  const faults = new Map<number, FlagDataError>()
  const seen = new Set<string>()
  for (const [index, { kind, item, ifVersion, record }] of changes.entries()) {
    try {
      checkWrite(kind, item, ifVersion)
      if (record !== undefined) checkWrite('audit', record, 'absent')
    } catch (error) {
      if (!isRefusal(error)) throw error
      faults.set(index, error)
      continue
    }
    const names = [`${kind}/${item.key}`, ...(record === undefined ? [] : [`audit/${record.key}`])]
    if (names.some((name) => seen.has(name))) {
      const message = `"${item.key}" of ${kind}, or its record, is changed twice at once: change it once`
      faults.set(index, new FlagDataError('bad_flag_data', message, { keys: [item.key] }))
    }
    for (const name of names) seen.add(name)
  }
  return faults
}

function isOwner(item: VersionedItem & { readonly owner?: unknown }): boolean {
  return (item.owner === 'launchdarkly' || item.owner === 'waybill') && item.deleted !== true
}
