import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { FlagDataError, type ItemKind, type StoredItem } from '@waybill/flags'

/*
 * The table as ld-relay and LaunchDarkly's Go and Node SDKs write it: partition key `namespace`, sort key `key`, `version`
 * (N) and `item` (S, the whole JSON). https://launchdarkly.com/docs/sdk/features/storing-data/dynamodb
 */
export type Row = Record<string, AttributeValue>

/** DynamoDB takes 400 KB an item, names included; ld-relay stops at the same round number. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const MAX_ITEM_BYTES = 400_000

export interface Schema {
  readonly namespace: (kind: ItemKind) => string
  /** An item whose namespace and key are both this: the table was filled. */
  readonly initedKey: string
}

export function schemaFor(prefix: string | undefined): Schema {
  const prefixed = (name: string): string => (prefix ? `${prefix}:${name}` : name)
  return { namespace: (kind) => prefixed(kind), initedKey: prefixed('$inited') }
}

/** An item's row. Throws `item_too_large`, naming the flag. */
export function rowOf(schema: Schema, kind: ItemKind, item: StoredItem): Row {
  const row = {
    namespace: { S: schema.namespace(kind) },
    key: { S: item.key },
    version: { N: String(item.version) },
    item: { S: JSON.stringify(item) },
  }
  const bytes = sizeOf(row)
  if (bytes > MAX_ITEM_BYTES) {
    throw new FlagDataError(
      'item_too_large',
      `"${item.key}" of ${kind} has ${bytes} bytes as a DynamoDB item, at most ${MAX_ITEM_BYTES} fit: shorten its lists`,
    )
  }
  return row
}

/** The item in a row; `undefined` when it cannot be read: one damaged row takes no other down. */
export function itemOf(row: Row): StoredItem | undefined {
  try {
    const item = JSON.parse(row['item']?.S ?? '') as StoredItem
    return typeof item?.key === 'string' ? item : undefined
  } catch {
    return undefined
  }
}

function sizeOf(row: Row): number {
  let bytes = 0
  for (const [name, value] of Object.entries(row))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value.S ?? value.N ?? '')
  return bytes
}
