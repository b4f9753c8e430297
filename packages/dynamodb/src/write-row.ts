import { randomUUID } from 'node:crypto'
import { type AttributeValue, DeleteItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { type FlagOwner, type ItemKind, noSuchFlag, notOwner, type OwnerItem, type VersionedItem } from '@waybill/flags'
import { type HeldKind, ownedBy, ownerOf, type Row, rowOf, type Schema } from './schema.ts'
import { getRow, isNamed, patientRequest, type Table } from './table.ts'

/** What a row must be for a write to take place: of an older version than the item's, as it was read, or not there. */
export type Expected = 'older' | 'absent' | { readonly version: number | undefined }

export function expectedOf(ifVersion: number | 'absent'): Expected {
  return ifVersion === 'absent' ? ifVersion : { version: ifVersion }
}

export interface Written {
  readonly outcome: 'written' | 'stale'
  /** The row that stood in the way. */
  readonly row?: Row | undefined
}

export interface Place {
  readonly table: Table
  readonly schema: Schema
  readonly writer: FlagOwner
  readonly nowMs: () => number
}

const NAMES = { '#key': 'key', '#version': 'version', '#item': 'item', '#writeId': 'writeId' }
const OWNER_NAMES = { '#owner': 'owner', '#ownerVersion': 'ownerVersion' }
const MINE = '(attribute_not_exists(#owner) OR #owner = :writer)'

function condition(expected: Expected): string {
  if (expected === 'older') return '(attribute_not_exists(#version) OR #version < :version)'
  if (expected === 'absent') return 'attribute_not_exists(#key)'
  return expected.version === undefined ? 'attribute_not_exists(#version)' : '#version = :expected'
}

/** An expression may not define a value that it does not use. */
function expectedValue(expected: Expected): Record<string, AttributeValue> {
  const version = typeof expected === 'object' ? expected.version : undefined
  return version === undefined ? {} : { ':expected': { N: String(version) } }
}

export function isOwned(kind: HeldKind): kind is ItemKind {
  return kind === 'features' || kind === 'segments'
}

/** One conditional write. Throws `not_owner` and `item_too_large`. */
export async function writeRow(
  place: Place,
  kind: HeldKind,
  item: VersionedItem,
  expected: Expected,
): Promise<Written> {
  const { table, schema, writer } = place
  const owned = isOwned(kind)
  const writeId = randomUUID()
  const row = rowOf(schema, kind, item, owned ? { writeId, owner: writer } : { writeId })
  // An update, not a put: it must leave an owner that is there already.
  const own = 'SET #version = :version, #item = :item, #writeId = :writeId'
  const names = { ...NAMES, ...(owned ? OWNER_NAMES : {}) }
  const used = expected === 'absent' ? names : withoutKey(names)
  const command = new UpdateItemCommand({
    TableName: table.tableName,
    Key: keyOf(row),
    UpdateExpression: owned
      ? `${own}, #owner = if_not_exists(#owner, :writer), #ownerVersion = if_not_exists(#ownerVersion, :one)`
      : own,
    ConditionExpression: owned ? `${condition(expected)} AND ${MINE}` : condition(expected),
    ExpressionAttributeNames: used,
    ExpressionAttributeValues: {
      ':version': row['version'] as AttributeValue,
      ':item': row['item'] as AttributeValue,
      ':writeId': { S: writeId },
      ...expectedValue(expected),
      ...(owned ? { ':writer': { S: writer }, ':one': { N: '1' } } : {}),
    },
  })
  try {
    await patientRequest(table, (options) => table.client.send(command, options))
    return { outcome: 'written' }
  } catch (error) {
    if (!isNamed(error, 'ConditionalCheckFailedException')) throw error
  }
  const there = await getRow(table, schema.namespace(kind), item.key)
  // The SDK sends again what was not answered: then it is our own write that stands in the way.
  if (there?.['writeId']?.S === writeId) return { outcome: 'written' }
  if (owned) refuseOthers(place, kind, item.key, there)
  return { outcome: 'stale', row: there }
}

/** Removes a row as it was read. Throws `not_owner`. */
export async function removeRow(place: Place, kind: ItemKind, key: string, expected: Expected): Promise<Written> {
  const { table, schema, writer } = place
  const command = new DeleteItemCommand({
    TableName: table.tableName,
    Key: { namespace: { S: schema.namespace(kind) }, key: { S: key } },
    ConditionExpression: `attribute_not_exists(#key) OR (${condition(expected)} AND ${MINE})`,
    ExpressionAttributeNames: { '#key': 'key', '#version': 'version', '#owner': 'owner' },
    ExpressionAttributeValues: { ...expectedValue(expected), ':writer': { S: writer } },
  })
  try {
    await patientRequest(table, (options) => table.client.send(command, options))
    return { outcome: 'written' }
  } catch (error) {
    if (!isNamed(error, 'ConditionalCheckFailedException')) throw error
  }
  const there = await getRow(table, schema.namespace(kind), key)
  refuseOthers(place, kind, key, there)
  return { outcome: 'stale', row: there }
}

/** Changes who writes a flag. Throws `bad_flag_data` when there is no such flag. */
export async function writeOwner(
  { table, schema }: Place,
  item: OwnerItem,
  ifVersion: number | 'absent',
): Promise<'written' | 'stale'> {
  const { kind, key } = ownedBy(item.key)
  const absent = ifVersion === 'absent'
  const writeId = randomUUID()
  const command = new UpdateItemCommand({
    TableName: table.tableName,
    Key: { namespace: { S: schema.namespace(kind) }, key: { S: key } },
    UpdateExpression: 'SET #owner = :owner, #ownerVersion = :version, #ownerWriteId = :writeId',
    ConditionExpression: `attribute_exists(#key) AND ${absent ? 'attribute_not_exists(#ownerVersion)' : '#ownerVersion = :before'}`,
    ExpressionAttributeNames: { '#key': 'key', '#ownerWriteId': 'ownerWriteId', ...OWNER_NAMES },
    ExpressionAttributeValues: {
      ':owner': { S: item.owner },
      ':version': { N: String(item.version) },
      ':writeId': { S: writeId },
      ...(absent ? {} : { ':before': { N: String(ifVersion) } }),
    },
  })
  try {
    await patientRequest(table, (options) => table.client.send(command, options))
    return 'written'
  } catch (error) {
    if (!isNamed(error, 'ConditionalCheckFailedException')) throw error
  }
  const there = await getRow(table, schema.namespace(kind), key)
  if (there === undefined) throw noSuchFlag(item.key)
  return there['ownerWriteId']?.S === writeId ? 'written' : 'stale'
}

function refuseOthers({ writer }: Place, kind: ItemKind, key: string, row: Row | undefined): void {
  const owner = ownerOf(row)
  if (owner !== undefined && owner !== writer) throw notOwner(kind, key, owner, writer)
}

function keyOf(row: Row): Record<string, AttributeValue> {
  return { namespace: row['namespace'] as AttributeValue, key: row['key'] as AttributeValue }
}

function withoutKey(names: Record<string, string>): Record<string, string> {
  const { '#key': _key, ...rest } = names
  return rest
}
