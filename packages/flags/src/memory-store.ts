import type { FlagSet, SegmentData } from './model.ts'
import {
  beingFilled,
  type ChangeOutcome,
  checkWrite,
  type FlagStore,
  faultsOf,
  type ItemKind,
  isRefusal,
  noSuchFlag,
  notOwner,
  type StoredItem,
} from './store.ts'
import type { FlagOwner, OwnerItem, PutOptions, StoredItems, StoreKind, VersionedItem } from './versioned-store.ts'

export interface MemoryStoreOptions {
  /** In whose name it writes. Default `waybill`. */
  readonly writer?: FlagOwner
}

type HeldKind = Exclude<StoreKind, 'owners'>

/** What stores in different names share. */
interface Held {
  filled: boolean
  dataVersion: number
  readonly items: Readonly<Record<HeldKind, Map<string, VersionedItem>>>
  /** By an owner item's key. */
  readonly owners: Map<string, OwnerItem>
}

/**
 * A store in memory, for tests and for local work.
 *
 * @example
 * ```ts
 * const store = memoryStore()
 * await store.init({ flags: { f: { key: 'f', version: 1 } } })
 * await store.upsert('features', { key: 'f', version: 1 }) // 'stale'
 * await store.put('features', { key: 'f', version: 2, on: true }, { ifVersion: 1 }) // 'written'
 * ```
 */
export function memoryStore({ writer = 'waybill' }: MemoryStoreOptions = {}): FlagStore {
  return storeOn(
    {
      filled: false,
      dataVersion: 0,
      items: {
        features: new Map(),
        segments: new Map(),
        audit: new Map(),
        recalls: new Map(),
        rollouts: new Map(),
      },
      owners: new Map(),
    },
    writer,
  )
}

function storeOn(held: Held, writer: FlagOwner): FlagStore {
  const mapOf = (kind: StoreKind): Map<string, VersionedItem> => (kind === 'owners' ? held.owners : held.items[kind])
  const live = (kind: ItemKind): Record<string, StoredItem> =>
    Object.fromEntries([...held.items[kind]].filter(([, item]) => !item.deleted))
  const metaNow = () => ({ dataVersion: held.dataVersion, digest: String(held.dataVersion) })

  const ownerOf = (kind: ItemKind, key: string): FlagOwner | undefined => held.owners.get(ownerKey(kind, key))?.owner
  const isOthers = (kind: ItemKind, key: string): boolean => (ownerOf(kind, key) ?? writer) !== writer

  const write = (kind: StoreKind, item: VersionedItem): 'written' => {
    if (kind === 'features' || kind === 'segments') {
      held.dataVersion += 1
      const key = ownerKey(kind, item.key)
      if (!held.owners.has(key)) held.owners.set(key, { key, version: 1, owner: writer })
    }
    mapOf(kind).set(item.key, structuredClone(item))
    return 'written'
  }

  const refuseOthers = (kind: StoreKind, key: string): void => {
    if (kind !== 'features' && kind !== 'segments') return
    const owner = ownerOf(kind, key)
    if (owner !== undefined && owner !== writer) throw notOwner(kind, key, owner, writer)
  }

  const put = (kind: StoreKind, item: VersionedItem, { ifVersion, record }: PutOptions): 'written' | 'stale' => {
    checkWrite(kind, item, ifVersion)
    if (record !== undefined) checkWrite('audit', record, 'absent')
    refuseOthers(kind, item.key)
    if (kind === 'owners' && !held.owners.has(item.key)) throw noSuchFlag(item.key)
    if ((mapOf(kind).get(item.key)?.version ?? 'absent') !== ifVersion) return 'stale'
    if (record !== undefined) write('audit', record)
    return write(kind, item)
  }

  const outcomeOf = (write: () => 'written' | 'stale'): ChangeOutcome => {
    try {
      return { status: write() }
    } catch (error) {
      if (isRefusal(error)) return { status: 'refused', error }
      throw error
    }
  }

  return {
    readAll: async () =>
      held.filled ? { flags: live('features'), segments: live('segments'), meta: metaNow() } : undefined,
    readMeta: async () => (held.filled ? metaNow() : undefined),
    get: async (kind, key) => mapOf(kind).get(key) as StoredItems[typeof kind] | undefined,
    list: async (kind, { keyPrefix = '' } = {}) =>
      [...mapOf(kind).values()]
        .filter((item) => !item.deleted && item.key.startsWith(keyPrefix))
        .sort((a, b) => (a.key < b.key ? -1 : 1)) as unknown as readonly StoredItems[typeof kind][],
    put: async (kind, item, options) => put(kind, item, options),
    putAll: async (changes) => {
      const faults = faultsOf(changes)
      return {
        outcomes: changes.map(({ kind, item, ...options }, index) => {
          const error = faults.get(index)
          return error ? { status: 'refused', error } : outcomeOf(() => put(kind, item, options))
        }),
      }
    },
    markFilled: async () => {
      if (held.filled) return
      if ([...held.owners.values()].some(({ owner }) => owner !== writer)) throw beingFilled(writer)
      held.filled = true
    },
    upsert: async (kind, item) => {
      checkWrite(kind, item, 'absent')
      refuseOthers(kind, item.key)
      const there = held.items[kind].get(item.key)
      return there !== undefined && there.version >= item.version ? 'stale' : write(kind, item)
    },
    init: async (data) => {
      const refused = (['features', 'segments'] as const).flatMap((kind) => fill(kind, itemsOf(data)[kind]))
      held.filled = true
      held.dataVersion += 1
      if (refused[0] !== undefined) throw refused[0]
    },
    as: (name) => storeOn(held, name),
  }

  function fill(kind: ItemKind, items: Readonly<Record<string, StoredItem>>): readonly Error[] {
    const refused: Error[] = []
    for (const key of held.items[kind].keys()) {
      if (Object.hasOwn(items, key) || isOthers(kind, key)) continue
      held.items[kind].delete(key)
      held.owners.delete(ownerKey(kind, key))
    }
    for (const item of Object.values(items)) {
      if (isOthers(kind, item.key)) refused.push(notOwner(kind, item.key, ownerOf(kind, item.key) ?? writer, writer))
      else write(kind, item)
    }
    return refused
  }
}

function ownerKey(kind: ItemKind, key: string): string {
  return kind === 'features' ? key : `segments/${key}`
}

function itemsOf(data: FlagSet): Readonly<Record<ItemKind, Readonly<Record<string, StoredItem>>>> {
  const segments: Readonly<Record<string, SegmentData>> = data.segments ?? {}
  return { features: data.flags, segments }
}
