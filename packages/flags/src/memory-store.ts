import type { FlagSet } from './model.ts'
import type { FlagStore, ItemKind, StoredItem } from './store.ts'

/**
 * A store in memory, for tests and for local work.
 *
 * @example
 * ```ts
 * const store = memoryStore()
 * await store.init({ flags: { f: { key: 'f', version: 1 } } })
 * await store.upsert('features', { key: 'f', version: 1 }) // 'stale'
 * ```
 */
export function memoryStore(): FlagStore {
  let items: Record<ItemKind, Map<string, StoredItem>> | undefined
  const live = (kind: ItemKind): Record<string, StoredItem> =>
    Object.fromEntries([...(items?.[kind] ?? [])].filter(([, item]) => !item.deleted))
  return {
    readAll: async () => items && { flags: live('features'), segments: live('segments') },
    get: async (kind, key) => items?.[kind].get(key),
    upsert: async (kind, item) => {
      items ??= { features: new Map(), segments: new Map() }
      const held = items[kind].get(item.key)
      if (held !== undefined && held.version >= item.version) return 'stale'
      items[kind].set(item.key, item)
      return 'written'
    },
    init: async (data: FlagSet) => {
      items = { features: new Map(Object.entries(data.flags)), segments: new Map(Object.entries(data.segments ?? {})) }
    },
  }
}
