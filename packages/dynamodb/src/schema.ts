import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { FlagDataError, type FlagOwner, type OwnerItem, type StoreKind, type VersionedItem } from '@waybill/flags'

/*
 * The table as ld-relay and LaunchDarkly's Go and Node SDKs write it: partition key `namespace`, sort key `key`, `version`
 * (N) and `item` (S, the whole JSON). https://launchdarkly.com/docs/sdk/features/storing-data/dynamodb
 * Ours in addition, which their readers pass over: namespaces that start with `$`, and on a row `owner`, `ownerVersion`,
 * `writeId` and `ownerWriteId`. Their writers replace whole rows, so what they wrote has no owner.
 */
export type Row = Record<string, AttributeValue>

/** DynamoDB takes 400 KB an item, names included; ld-relay stops at the same round number. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const MAX_ITEM_BYTES = 400_000

export interface Schema {
  /** Owners have no namespace: they stand on the rows of flags and segments. */
  readonly namespace: (kind: HeldKind) => string
  /** An item whose namespace and key are both this: the table was filled. */
  readonly initedKey: string
}

export type HeldKind = Exclude<StoreKind, 'owners'>

export function schemaFor(prefix: string | undefined): Schema {
  const prefixed = (name: string): string => (prefix ? `${prefix}:${name}` : name)
  return {
    namespace: (kind) => prefixed(kind === 'features' || kind === 'segments' ? kind : `$${kind}`),
    initedKey: prefixed('$inited'),
  }
}

export interface Stamp {
  readonly writeId: string
  readonly owner?: FlagOwner
}

/** An item's row. Throws `item_too_large`, naming the flag. */
export function rowOf(schema: Schema, kind: HeldKind, item: VersionedItem, { writeId, owner }: Stamp): Row {
  const row: Row = {
    namespace: { S: schema.namespace(kind) },
    key: { S: item.key },
    version: { N: String(item.version) },
    item: { S: JSON.stringify(item) },
    writeId: { S: writeId },
    ...(owner === undefined ? {} : { owner: { S: owner }, ownerVersion: { N: '1' } }),
  }
  const bytes = sizeOf(row)
  if (bytes > MAX_ITEM_BYTES) {
    throw new FlagDataError(
      'item_too_large',
      `"${item.key}" of ${kind} has ${bytes} bytes as a DynamoDB item, at most ${MAX_ITEM_BYTES} fit: shorten its lists or values`,
      { keys: [item.key] },
    )
  }
  return row
}

/**
 * The item in a row; `undefined` when it cannot be read: one damaged row takes no other down. LaunchDarkly's tombstones say
 * their key only in the row.
 */
export function itemOf<T extends VersionedItem>(row: Row): T | undefined {
  try {
    const item = JSON.parse(row['item']?.S ?? '') as T | null
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined
    return typeof item.key === 'string' ? item : { ...item, key: row['key']?.S }
  } catch {
    return undefined
  }
}

export function ownerOf(row: Row | undefined): FlagOwner | undefined {
  const owner = row?.['owner']?.S
  return owner === 'launchdarkly' || owner === 'waybill' ? owner : undefined
}

const SEGMENT_OWNER = 'segments/'

/** Where the owner with this key stands. No flag's key has a slash. */
export function ownedBy(ownerKey: string): { readonly kind: 'features' | 'segments'; readonly key: string } {
  return ownerKey.startsWith(SEGMENT_OWNER)
    ? { kind: 'segments', key: ownerKey.slice(SEGMENT_OWNER.length) }
    : { kind: 'features', key: ownerKey }
}

export function ownerItemOf(kind: 'features' | 'segments', row: Row): OwnerItem | undefined {
  const owner = ownerOf(row)
  if (owner === undefined) return undefined
  const key = `${kind === 'segments' ? SEGMENT_OWNER : ''}${row['key']?.S}`
  return { key, version: Number(row['ownerVersion']?.N ?? 1), owner }
}

function sizeOf(row: Row): number {
  let bytes = 0
  for (const [name, value] of Object.entries(row))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value.S ?? value.N ?? '')
  return bytes
}
