import {
  bodyProblem,
  type Exposed,
  type Fields,
  fieldsOf,
  type OutgoingCarrier,
  type Shipment,
  type TargetPolicy,
} from './carrier.ts'
import { isMarshalled, itemSize } from './dynamodb-item.ts'
import { BODY_KEY, EXPOSED_KEY } from './json-splice.ts'
import { entriesShipment, type Packing, soleShipment } from './shipment.ts'

/*
 * DynamoDB, out: an item's own attribute `_waybill`, on tables that the user named (an outbox, whose stream is read by
 * `dynamodb-stream`). Items are read in both forms, the document client's plain values too: its middleware comes later.
 * - an item: 400 KB, names and values; how values are measured
 *   https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 *   https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 * - a transaction: 4 MB of items; with a ClientRequestToken, the same token with other items is refused
 *   (IdempotentParameterMismatch)
 *   https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 * - a batch: 16 MB  https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 * An update is not stamped: how large the item is that it changes is not known here, and an item that the stamp makes
 * too large would make the update fail. Nor are PartiQL statements, which are texts.
 */
const MAX_ITEM_BYTES = 409_600
const MAX_TRANSACTION_BYTES = 4_194_304
const MAX_BATCH_BYTES = 16_777_216
/** An attribute's name counts, as well as its value. */
const OVERHEAD_BYTES = BODY_KEY.length

export const dynamodbOutgoing: OutgoingCarrier = {
  client: 'DynamoDB',
  commands: {
    PutItemCommand: (input, policy) =>
      soleShipment(
        input,
        packing(policy, (put) => put['TableName']),
      ),
    UpdateItemCommand: (input, policy) => soleShipment(input, unsized(policy)),
    BatchWriteItemCommand: batchWrite,
    TransactWriteItemsCommand: transaction,
  },
}

/** `{ Item }` and the table that it goes to. */
function packing(policy: TargetPolicy, tableOf: (put: Fields) => unknown): Packing {
  return {
    maxBytes: MAX_ITEM_BYTES,
    overheadBytes: OVERHEAD_BYTES,
    sizeOf: (put) => itemSize(fieldsOf(put['Item'])),
    problemOf: (put) => {
      const item = fieldsOf(put['Item'])
      const unnamed = bodyProblem(policy, tableOf(put))
      if (unnamed !== undefined || item === undefined || Array.isArray(item)) return unnamed ?? 'uncarried'
      return Object.hasOwn(item, BODY_KEY) ? 'already_stamped' : undefined
    },
    stamped: (put, token) => {
      const item = fieldsOf(put['Item']) ?? {}
      return { ...put, Item: { ...item, [BODY_KEY]: isMarshalled(item) ? { S: token } : token } }
    },
    exposedBytes: (put, flags) =>
      Object.hasOwn(fieldsOf(put['Item']) ?? {}, EXPOSED_KEY) ? undefined : itemSize(exposedItem(flags, true)),
    exposing: (put, flags) => {
      const item = fieldsOf(put['Item']) ?? {}
      return { ...put, Item: { ...item, ...exposedItem(flags, isMarshalled(item)) } }
    },
  }
}

function exposedItem(flags: Exposed, marshalled: boolean): Fields {
  const plain = Object.fromEntries(flags)
  return {
    [EXPOSED_KEY]: marshalled
      ? { M: Object.fromEntries(flags.map(([flag, variation]) => [flag, { S: variation }])) }
      : plain,
  }
}

function unsized(policy: TargetPolicy): Packing {
  return {
    maxBytes: 0,
    overheadBytes: 0,
    sizeOf: () => 0,
    problemOf: (update) => bodyProblem(policy, update['TableName']) ?? 'unsized_update',
    stamped: (update) => update,
  }
}

/** `RequestItems` by table; an entry, which may be bound to a waybill, is one request with its `PutRequest`. */
function batchWrite(input: Fields, policy: TargetPolicy): Shipment {
  const tables = Object.entries(fieldsOf(input['RequestItems']) ?? {})
  const puts = tables.flatMap(([table, requests]) =>
    listOf(requests).flatMap((request) => (fieldsOf(fieldsOf(request)?.['PutRequest']) ? [{ table, request }] : [])),
  )
  return inEntries(
    puts.map(({ request }) => request),
    'PutRequest',
    MAX_BATCH_BYTES,
    (index) => packing(policy, () => puts[index]?.table),
    (replaced) => ({
      ...input,
      RequestItems: Object.fromEntries(
        tables.map(([table, requests]) => [table, Array.isArray(requests) ? requests.map(replaced) : requests]),
      ),
    }),
  )
}

function transaction(input: Fields, policy: TargetPolicy): Shipment {
  const items = listOf(input['TransactItems'])
  const puts = items.filter((item) => fieldsOf(fieldsOf(item)?.['Put']) !== undefined)
  const others = items.filter((item) => !puts.includes(item))
  // What an update adds counts too; the item that it changes is DynamoDB's to know.
  const otherBytes = others.reduce<number>((sum, item) => sum + updateSize(item), 0)
  const named = input['ClientRequestToken'] !== undefined && !policy.namedTransactions
  return inEntries(
    puts,
    'Put',
    MAX_TRANSACTION_BYTES - otherBytes,
    () => {
      const { problemOf, ...rest } = packing(policy, (put) => put['TableName'])
      return { ...rest, problemOf: (put) => problemOf(put) ?? (named ? 'named_transaction' : undefined) }
    },
    (replaced) => ({ ...input, TransactItems: items.map(replaced) }),
  )
}

/** A shipment of what stands under `key` in each entry. */
function inEntries(
  entries: readonly unknown[],
  key: string,
  maxBytes: number,
  packingAt: (index: number) => Packing,
  rebuild: (replaced: (entry: unknown) => unknown) => Fields,
): Shipment {
  const indexOf = new Map(entries.map((entry, index) => [entry, index]))
  const at = (entry: Fields): Packing => packingAt(indexOf.get(entry) ?? 0)
  const inside = (entry: Fields): Fields => fieldsOf(entry[key]) ?? {}
  return entriesShipment(
    entries,
    maxBytes,
    {
      maxBytes: MAX_ITEM_BYTES,
      overheadBytes: OVERHEAD_BYTES,
      sizeOf: (entry) => at(entry).sizeOf(inside(entry)),
      problemOf: (entry) => at(entry).problemOf(inside(entry)),
      stamped: (entry, token) => ({ ...entry, [key]: at(entry).stamped(inside(entry), token) }),
      exposedBytes: (entry, flags) => at(entry).exposedBytes?.(inside(entry), flags),
      exposing: (entry, flags) => ({ ...entry, [key]: at(entry).exposing?.(inside(entry), flags) }),
    },
    (stamped) => rebuild((entry) => (indexOf.has(entry) ? stamped[indexOf.get(entry) ?? 0] : entry)),
  )
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function updateSize(item: unknown): number {
  return itemSize(fieldsOf(fieldsOf(fieldsOf(item)?.['Update'])?.['ExpressionAttributeValues']))
}
