import {
  beingFilled,
  checkWrite,
  type FlagOwner,
  type FlagStore,
  type ListOptions,
  type OwnerItem,
  type StoredItems,
  type StoreKind,
  summedRefusal,
  type VersionedItem,
} from '@waybill/flags'
import { fill } from './fill.ts'
import { type DynamoDbFlagReaderOptions, readerAt, readPlace } from './flag-reader.ts'
import { readContent, readMark, settleMark } from './mark.ts'
import { putAll } from './put-all.ts'
import { recorded } from './records.ts'
import { itemOf, ownedBy, ownerItemOf, ownerOf, type Row } from './schema.ts'
import { getRow, queryRows } from './table.ts'
import { expectedOf, type Place, writeOwner, writeRow } from './write-row.ts'

export interface DynamoDbFlagStoreOptions extends DynamoDbFlagReaderOptions {
  /** In whose name it writes flags and segments. Default `waybill`. */
  readonly writer?: FlagOwner
  /** Milliseconds since the epoch: after a minute, many writes that were broken off are told from some under way. */
  readonly nowMs?: () => number
}

/**
 * A flag store on DynamoDB, in the schema that ld-relay writes and LaunchDarkly's SDKs read. Reads are strongly consistent,
 * but for `readMeta`; writes are conditional on version and owner. Rejects with `store_unavailable`, the SDK's error as its
 * cause. Set-up errors: `bad_flag_data` without a client or a table name.
 *
 * @example
 * ```ts
 * const store = dynamoDbFlagStore({ client: new DynamoDBClient({}), tableName: 'flags', prefix: 'production' })
 * ```
 */
export function dynamoDbFlagStore(options: DynamoDbFlagStoreOptions): FlagStore {
  const { writer = 'waybill', nowMs = Date.now } = options
  return storeAt({ ...readPlace('dynamoDbFlagStore', options), writer, nowMs })
}

function storeAt(place: Place): FlagStore {
  const { table, schema } = place

  /** Without a mark there is none to settle; a stale write of the same version may be a second try, see `settleMark`. */
  const settle = async (kind: StoreKind, item: VersionedItem, there: Row | undefined): Promise<void> => {
    if (kind !== 'features' && kind !== 'segments') return
    if (there === undefined || there['version']?.N === String(item.version)) {
      await settleMark(place, { create: false })
    }
  }

  return {
    ...readerAt(place),
    get: async <K extends StoreKind>(kind: K, key: string, signal?: AbortSignal) => {
      if (kind === 'owners') {
        const owned = ownedBy(key)
        const row = await getRow(table, schema.namespace(owned.kind), owned.key, { signal })
        return (row && ownerItemOf(owned.kind, row)) as StoredItems[K] | undefined
      }
      const row = await getRow(table, schema.namespace(kind), key, { signal })
      return row && itemOf<StoredItems[K]>(row)
    },
    list: async <K extends StoreKind>(kind: K, listed: ListOptions = {}) => {
      if (kind === 'owners') return (await listOwners(place, listed)) as unknown as readonly StoredItems[K][]
      const rows = await queryRows(table, schema.namespace(kind), listed)
      return rows
        .map((row) => itemOf<StoredItems[K]>(row))
        .filter((item) => item !== undefined && !item.deleted) as readonly StoredItems[K][]
    },
    put: async (kind, item, { ifVersion, record }) => {
      checkWrite(kind, item, ifVersion)
      return recorded(place, record, async () => {
        if (kind === 'owners') return writeOwner(place, item as OwnerItem, ifVersion)
        const { outcome, row } = await writeRow(place, kind, item, expectedOf(ifVersion))
        if (outcome === 'written' || row !== undefined) await settle(kind, item, row)
        return outcome
      })
    },
    putAll: (changes) => putAll(place, changes),
    markFilled: () => markFilled(place),
    upsert: async (kind, item) => {
      checkWrite(kind, item, 'absent')
      const { outcome, row } = await writeRow(place, kind, item, 'older')
      await settle(kind, item, row)
      return outcome
    },
    init: async (data) => {
      const refusals = await fill(place, data)
      if (refusals.length > 0) throw summedRefusal(refusals)
    },
    as: (writer) => storeAt({ ...place, writer }),
  }
}

/** Rows without an owner are ld-relay's, or the SDK's: their writers know of none. */
async function markFilled(place: Place): Promise<void> {
  const { table, schema, writer } = place
  if ((await readMark(table, schema)) !== undefined) return
  const { features, segments } = await readContent(table, schema)
  if ([...features, ...segments].some((row) => ownerOf(row) !== writer)) throw beingFilled(writer)
  await settleMark(place, { create: true })
}

async function listOwners(
  { table, schema }: Place,
  { keyPrefix = '', signal }: ListOptions,
): Promise<readonly OwnerItem[]> {
  const { features, segments } = await readContent(table, schema, signal)
  return [
    ...features.map((row) => ownerItemOf('features', row)),
    ...segments.map((row) => ownerItemOf('segments', row)),
  ]
    .filter((item) => item?.key.startsWith(keyPrefix) === true)
    .sort((a, b) => ((a?.key ?? '') < (b?.key ?? '') ? -1 : 1)) as readonly OwnerItem[]
}
