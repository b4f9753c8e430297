import type { FlagData, FlagSet, SegmentData } from './model.ts'

export type ItemKind = 'features' | 'segments'
/** An item as it is stored: a deleted one is a tombstone, `{ key, version, deleted: true }`. */
export type StoredItem = FlagData | SegmentData

/**
 * Where flag data lives. A store holds; a source answers (`cachedSource` makes one of the other). Every method rejects
 * when the store cannot be reached: only sources know what to do then.
 */
export interface FlagStore {
  /** Everything, tombstones left out; `undefined` when the store has never been filled. */
  readAll(signal?: AbortSignal): Promise<FlagSet | undefined>
  /** One item, tombstones included. */
  get(kind: ItemKind, key: string): Promise<StoredItem | undefined>
  /** Writes an item unless the store has the same version or a newer one. */
  upsert(kind: ItemKind, item: StoredItem): Promise<'written' | 'stale'>
  /** Fills the store with exactly this data. */
  init(data: FlagSet): Promise<void>
}

/** Coded errors of stores and of flag data. */
export type FlagDataErrorCode = 'bad_flag_data' | 'item_too_large' | 'store_unavailable'

/** Thrown at set-up, by stores and by tools; a source turns it into an answer. */
export class FlagDataError extends Error {
  readonly code: FlagDataErrorCode

  constructor(code: FlagDataErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options)
    this.name = 'FlagDataError'
    this.code = code
  }
}
