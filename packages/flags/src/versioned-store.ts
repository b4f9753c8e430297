import type { JsonValue } from '@waybill/core'
import type { FlagData, SegmentData } from './model.ts'

/** Who writes a flag: a pipeline from LaunchDarkly, or Waybill's own tools and rollouts. */
export type FlagOwner = 'launchdarkly' | 'waybill'

/** What every stored item has. A deleted one is a tombstone, `{ key, version, deleted: true }`. */
export interface VersionedItem {
  readonly key: string
  readonly version: number
  readonly deleted?: boolean
}

/** One change of a flag, a segment, a recall or a rollout, kept for ever: `key` from `auditKey`, `version` 1. */
export interface AuditItem extends VersionedItem {
  readonly kind: 'features' | 'segments' | 'recalls' | 'rollouts'
  /** The key of the flag or segment. */
  readonly subject: string
  readonly action: string
  readonly who: string
  readonly atMs: number
  readonly comment: string
  /** Absent when the change made it. */
  readonly before?: FlagData | SegmentData | RecallItem | RolloutItem
  /** Absent when the change removed it. */
  readonly after?: FlagData | SegmentData | RecallItem | RolloutItem
}

/** Who writes an item. `key` is the flag's key, or `segments/` and the segment's. */
export interface OwnerItem extends VersionedItem {
  readonly owner: FlagOwner
}

/** An operator's order for decisions in flight; `key` is the flag's, `version` counts the orders for it. */
export interface RecallItem extends VersionedItem {
  /** Decisions of the flag at this version, and all before. */
  readonly upToVersion: number
  /** The name of the declared variation that takes their place. */
  readonly to: string
  /** What that variation is in the flag data, where it is known: variations without names are declared under other ones. */
  readonly value?: JsonValue
  readonly who: string
  readonly comment: string
  readonly atMs: number
  /** From then on it is not followed. */
  readonly expiresAtMs: number
}

/** The state of one flag's rollout, in the words of its controller. */
export interface RolloutItem extends VersionedItem {
  readonly [field: string]: unknown
}

/** What a store holds, by kind. */
export interface StoredItems {
  readonly features: FlagData
  readonly segments: SegmentData
  readonly audit: AuditItem
  readonly owners: OwnerItem
  readonly recalls: RecallItem
  readonly rollouts: RolloutItem
}

export type StoreKind = keyof StoredItems

export interface PutOptions {
  /** The version that the writer read; `absent` when there was none. A tombstone has a version. */
  readonly ifVersion: number | 'absent'
  /**
   * Kept with the write: there before it, so that nothing is written without one, and taken back when the write is stale or
   * refused. Its key must be a new one.
   */
  readonly record?: AuditItem
}

export interface ListOptions {
  readonly keyPrefix?: string
  readonly signal?: AbortSignal
}

/**
 * Items by kind and key, each with a version that only grows. Of two writers who read the same version one is refused, so
 * no edit is lost. Every method rejects when the store cannot be reached.
 *
 * An item of `owners` exists once its flag was written through a store: the first writer is the owner. It is changed by
 * `put('owners', …)`, from then on the other's writes are refused. It cannot be put for a flag that is not there.
 *
 * @example
 * ```ts
 * const flag = await store.get('features', 'new-order-flow')
 * if (flag) await store.put('features', { ...flag, on: false, version: flag.version + 1 }, { ifVersion: flag.version })
 * ```
 */
export interface VersionedStore {
  /** One item, tombstones included. */
  get<K extends StoreKind>(kind: K, key: string, signal?: AbortSignal): Promise<StoredItems[K] | undefined>
  /** All items of a kind in the order of their keys, tombstones left out. */
  list<K extends StoreKind>(kind: K, options?: ListOptions): Promise<readonly StoredItems[K][]>
  /**
   * Writes an item if the store holds exactly `ifVersion`. Rejects with `bad_version` unless the item's version is greater
   * than that, with `not_owner` when the flag or segment is the other's to write, with `item_too_large`.
   */
  put<K extends StoreKind>(kind: K, item: StoredItems[K], options: PutOptions): Promise<'written' | 'stale'>
}

/**
 * The key of an audit item: those of one flag stand together, oldest first (`list('audit', { keyPrefix: 'my-flag/' })`).
 * `unique` tells two changes of one millisecond apart.
 */
export function auditKey(subject: string, atMs: number, unique: string): string {
  return `${subject}/${new Date(atMs).toISOString()}/${unique}`
}
