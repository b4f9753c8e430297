import { randomUUID } from 'node:crypto'
import {
  checkWrite,
  FlagDataError,
  type FlagOwner,
  type FlagStore,
  type ListOptions,
  type OwnerItem,
  type StoredItems,
  type StoreKind,
  type VersionedItem,
} from '@waybill/flags'
import { fill } from './fill.ts'
import { type DynamoDbFlagReaderOptions, readerAt, readPlace } from './flag-reader.ts'
import { readContent, settleMark } from './mark.ts'
import { itemOf, ownedBy, ownerItemOf, type Row } from './schema.ts'
import { getRow, queryRows } from './table.ts'
import { type Place, writeOwner, writeRow } from './write-row.ts'

export interface DynamoDbFlagStoreOptions extends DynamoDbFlagReaderOptions {
  /** In whose name it writes flags and segments. Default `waybill`. */
  readonly writer?: FlagOwner
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
  const { writer = 'waybill' } = options
  return storeAt({ ...readPlace('dynamoDbFlagStore', options), writer })
}

function storeAt(place: Place): FlagStore {
  const { table, schema } = place

  /** Without a mark there is none to settle; a stale write of the same version may be a second try, see `settleMark`. */
  const settle = async (kind: StoreKind, item: VersionedItem, there: Row | undefined): Promise<void> => {
    if (kind !== 'features' && kind !== 'segments') return
    if (there === undefined || there['version']?.N === String(item.version)) {
      await settleMark(table, schema, { create: false })
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
    put: async (kind, item, { ifVersion }) => {
      checkWrite(kind, item, ifVersion)
      if (kind === 'owners') return writeOwner(place, item as OwnerItem, ifVersion)
      const { outcome, row } = await writeRow(
        place,
        kind,
        item,
        ifVersion === 'absent' ? ifVersion : { version: ifVersion },
      )
      if (outcome === 'written' || row !== undefined) await settle(kind, item, row)
      return outcome
    },
    upsert: async (kind, item) => {
      checkWrite(kind, item, 'absent')
      const { outcome, row } = await writeRow(place, kind, item, 'older')
      await settle(kind, item, row)
      return outcome
    },
    init: async (data) => {
      const refusals = await fill(place, data, randomUUID())
      // The mark comes last: whoever sees it sees everything.
      await settleMark(table, schema, { create: true })
      if (refusals.length > 0) throw summed(refusals)
    },
    as: (writer) => storeAt({ ...place, writer }),
  }
}

/** All that an `init` could not write, in one error: its code is the first one's. */
function summed(refusals: readonly FlagDataError[]): FlagDataError | undefined {
  const [first] = refusals
  if (first === undefined || refusals.length === 1) return first
  const said = refusals.slice(0, 3).map(({ message, code }) => message.replace(` [${code}]`, ''))
  const rest = refusals.length > said.length ? `; and ${refusals.length - said.length} more` : ''
  const keys = refusals.flatMap((refusal) => refusal.keys)
  return new FlagDataError(first.code, said.join('; ') + rest, { cause: first, keys })
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
