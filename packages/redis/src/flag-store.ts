import {
  beingFilled,
  checkWrite,
  type FlagOwner,
  type FlagStore,
  type ListOptions,
  type StoredItems,
  type StoreKind,
  type VersionedItem,
} from '@waybill/flags'
import { applyOne, type Place, putAll } from './apply.ts'
import { request, runScript } from './client.ts'
import { fill } from './fill.ts'
import { type RedisFlagReaderOptions, readerAt, readPlace } from './flag-reader.ts'
import { fieldsOf, itemOf, OWNER_OF_SEGMENT, textOf } from './schema.ts'
import { markFilledScript } from './scripts.ts'

export interface RedisFlagStoreOptions extends RedisFlagReaderOptions {
  /** In whose name it writes flags and segments. Default `waybill`. */
  readonly writer?: FlagOwner
}

/**
 * A flag store on Redis 5 or later, or Valkey, in the schema that ld-relay and LaunchDarkly's SDKs write and read. Each write
 * is one script: item, owner, record and meta together. Rejects with `store_unavailable`, the client's error as its cause; a
 * write that it rejects may have been made all the same. Set-up errors: `bad_flag_data` without a client.
 *
 * @example
 * ```ts
 * const client = createClient({ url: 'redis://localhost:6379' }).on('error', console.warn)
 * void client.connect().catch(() => {}) // it goes on trying
 * const store = redisFlagStore({ client, prefix: 'production' })
 * ```
 */
export function redisFlagStore(options: RedisFlagStoreOptions): FlagStore {
  const { writer = 'waybill' } = options
  return storeAt({ ...readPlace('redisFlagStore', options), writer })
}

function storeAt(place: Place): FlagStore {
  const { redis, schema, writer } = place
  return {
    ...readerAt(place),
    get: async <K extends StoreKind>(kind: K, key: string, signal?: AbortSignal) => {
      const json = textOf(await request(redis, ['HGET', schema.hashes[kind], key], signal))
      if (json === undefined || (kind === 'owners' && !(await isOwned(place, key, signal)))) return undefined
      return itemOf<StoredItems[K]>(key, json)
    },
    list: async <K extends StoreKind>(kind: K, { keyPrefix = '', signal }: ListOptions = {}) => {
      const under = (key: string): boolean => key.startsWith(keyPrefix)
      const fields =
        kind === 'audit'
          ? await auditUnder(place, keyPrefix, signal)
          : fieldsOf(await request(redis, ['HGETALL', schema.hashes[kind]], signal)).filter(([key]) => under(key))
      const isThere = kind === 'owners' ? await ownedIn(place, signal) : () => true
      return fields
        .filter(([key]) => isThere(key))
        .map(([key, json]) => itemOf<VersionedItem>(key, json))
        .filter((item) => item !== undefined && !item.deleted) as unknown as readonly StoredItems[K][]
    },
    put: async (kind, item, { ifVersion, record }) => {
      checkWrite(kind, item, ifVersion)
      if (record !== undefined) checkWrite('audit', record, 'absent')
      return applyOne(place, { kind, item, ifVersion, record })
    },
    putAll: (changes) => putAll(place, changes),
    markFilled: async () => {
      if (Number(await runScript(redis, markFilledScript, schema.all, [writer])) !== 1) throw beingFilled(writer)
    },
    upsert: async (kind, item) => {
      checkWrite(kind, item, 'absent')
      return applyOne(place, { kind, item, ifVersion: 'older' })
    },
    init: (data) => fill(place, data),
    as: (writer) => storeAt({ ...place, writer }),
  }
}

/** LaunchDarkly's writers remove flags and leave their owners. */
async function isOwned({ redis, schema }: Place, key: string, signal: AbortSignal | undefined): Promise<boolean> {
  const { features, segments } = schema.hashes
  const command = key.startsWith(OWNER_OF_SEGMENT)
    ? ['HEXISTS', segments, key.slice(OWNER_OF_SEGMENT.length)]
    : ['HEXISTS', features, key]
  return Number(await request(redis, command, signal)) === 1
}

async function ownedIn({ redis, schema }: Place, signal: AbortSignal | undefined): Promise<(key: string) => boolean> {
  const [features, segments] = (await Promise.all([
    request(redis, ['HKEYS', schema.hashes.features], signal),
    request(redis, ['HKEYS', schema.hashes.segments], signal),
  ])) as [readonly unknown[], readonly unknown[]]
  const owned = new Set([...features.map(String), ...segments.map((key) => OWNER_OF_SEGMENT + String(key))])
  return (key) => owned.has(key)
}

const AUDIT_PAGE = 200

/** Page by page, and of one flag only its own: records are kept for ever. */
async function auditUnder(
  { redis, schema }: Place,
  keyPrefix: string,
  signal: AbortSignal | undefined,
): Promise<readonly (readonly [string, string])[]> {
  const found: [string, string][] = []
  let from = keyPrefix === '' ? '-' : `[${keyPrefix}`
  for (;;) {
    const page = ['ZRANGEBYLEX', schema.auditKeys, from, '+', 'LIMIT', '0', String(AUDIT_PAGE)]
    const listed = ((await request(redis, page, signal)) as readonly unknown[]).map(String)
    const keys = listed.filter((key) => key.startsWith(keyPrefix))
    if (keys.length > 0) {
      const texts = (await request(redis, ['HMGET', schema.hashes.audit, ...keys], signal)) as readonly unknown[]
      for (const [at, key] of keys.entries()) found.push([key, textOf(texts[at]) ?? ''])
    }
    if (listed.length < AUDIT_PAGE || keys.length < listed.length) break
    from = `(${keys.at(-1)}`
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1))
}
