import type { FlagData, FlagSet, SegmentData } from './model.ts'
import type { FlagOwner, VersionedItem, VersionedStore } from './versioned-store.ts'

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
  /** The content is not what the store's meta names: a write is under way, or one was broken off. */
  readonly inFlux?: boolean
}

/** What deciding needs of a store. */
export interface FlagReader {
  /** Everything, tombstones left out; `undefined` when the store has never been filled by `init`. */
  readAll(signal?: AbortSignal): Promise<FlagSnapshot | undefined>
  /** What `readAll` would name its content, at a small part of its cost; `undefined` where the store keeps none. */
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

function isOwner(item: VersionedItem & { readonly owner?: unknown }): boolean {
  return (item.owner === 'launchdarkly' || item.owner === 'waybill') && item.deleted !== true
}
