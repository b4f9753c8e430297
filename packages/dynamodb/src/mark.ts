import { createHash } from 'node:crypto'
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { FlagDataError, type StoreMeta } from '@waybill/flags'
import type { Row, Schema } from './schema.ts'
import { backOff, getRow, isNamed, patientRequest, queryRows, type ReadOptions, type Table } from './table.ts'

/*
 * The meta stands on the `$inited` item itself: LaunchDarkly's readers only look whether that is there, and their writers
 * replace it with a bare one at each init. So a table that ld-relay has taken over has no meta, and no old one misleads.
 */

export async function readMark(table: Table, schema: Schema, options?: ReadOptions): Promise<Row | undefined> {
  return getRow(table, schema.initedKey, schema.initedKey, options)
}

export function metaOf(mark: Row | undefined): StoreMeta | undefined {
  const digest = mark?.['digest']?.S
  const dataVersion = mark?.['dataVersion']?.N
  return digest === undefined || dataVersion === undefined ? undefined : { digest, dataVersion: Number(dataVersion) }
}

export interface Content {
  readonly features: readonly Row[]
  readonly segments: readonly Row[]
}

export async function readContent(table: Table, schema: Schema, signal?: AbortSignal): Promise<Content> {
  const [features, segments] = await Promise.all([
    queryRows(table, schema.namespace('features'), { signal }),
    queryRows(table, schema.namespace('segments'), { signal }),
  ])
  return { features, segments }
}

/** A name for what the rows say, tombstones included, owners not. Queries give rows in the order of their keys. */
export function digestOf({ features, segments }: Content): string {
  const hash = createHash('sha256')
  for (const [kind, rows] of [
    ['features', features],
    ['segments', segments],
  ] as const) {
    for (const row of rows) hash.update(JSON.stringify([kind, row['key']?.S, row['item']?.S]))
  }
  return hash.digest('hex').slice(0, 32)
}

const MAX_ROUNDS = 10

/**
 * Makes the mark name what the table holds: the last step of every write. It is computed from the content each time, not
 * carried on from write to write, so that it also mends what a writer left that broke off. Whoever comes last wins: a mark
 * is only replaced by one whose content was read after it.
 */
export async function settleMark(
  table: Table,
  schema: Schema,
  { create }: { readonly create: boolean },
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const before = metaOf(await readMark(table, schema))
    // A table that ld-relay fills: a meta of ours would be outdated by its next change.
    if (before === undefined && !create) return
    const digest = digestOf(await readContent(table, schema))
    if (before?.digest === digest || (await replaceMark(table, schema, before, digest))) return
    await backOff(table, round)
  }
  throw new FlagDataError(
    'store_unavailable',
    `"${table.tableName}" is written, but others write it all the time: its mark is not, so readers may see it late`,
  )
}

async function replaceMark(
  table: Table,
  schema: Schema,
  before: StoreMeta | undefined,
  digest: string,
): Promise<boolean> {
  const inited = { S: schema.initedKey }
  const command = new UpdateItemCommand({
    TableName: table.tableName,
    Key: { namespace: inited, key: inited },
    UpdateExpression: 'SET #dataVersion = :dataVersion, #digest = :digest',
    ConditionExpression: before ? '#dataVersion = :before AND #digest = :old' : 'attribute_not_exists(#dataVersion)',
    ExpressionAttributeNames: { '#dataVersion': 'dataVersion', '#digest': 'digest' },
    ExpressionAttributeValues: {
      ':dataVersion': { N: String((before?.dataVersion ?? 0) + 1) },
      ':digest': { S: digest },
      ...(before ? { ':before': { N: String(before.dataVersion) }, ':old': { S: before.digest } } : {}),
    },
  })
  try {
    await patientRequest(table, (options) => table.client.send(command, options))
    return true
  } catch (error) {
    if (isNamed(error, 'ConditionalCheckFailedException')) return false
    throw error
  }
}
