import { createHash, randomUUID } from 'node:crypto'
import { type AttributeValue, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { FlagDataError, type StoreMeta } from '@waybill/flags'
import type { Row, Schema } from './schema.ts'
import { backOff, getRow, isNamed, patientRequest, queryRows, type ReadOptions, type Table } from './table.ts'
import type { Place } from './write-row.ts'

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

/** That many writes are under way. Until then its writer is taken to be alive; whoever writes later puts the mark right. */
interface Opening {
  readonly id: string
  readonly untilMs: number
}

function openingOf(mark: Row | undefined): Opening | undefined {
  const id = mark?.['openedBy']?.S
  return id === undefined ? undefined : { id, untilMs: Number(mark?.['openUntil']?.N ?? 0) }
}

/** Many writes are under way, or were broken off: what the mark names is not to be believed. */
export function isOpen(mark: Row | undefined): boolean {
  return openingOf(mark) !== undefined
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
const OPEN_FOR_MS = 60_000
const RENEW_AFTER_MS = 10_000

export interface OpenMark {
  readonly id: string
  /** To be called between writes: a long one is not to be taken for one that was killed. */
  keep(): Promise<void>
}

/**
 * Before many writes: from now on readers look at the content and not at the mark, so that they see what was written even if
 * the writer is killed before it settles the mark. Where there is no meta they do so anyhow. Of no writes, only where another
 * writer has it open: who repeats what was broken off and finds nothing left to write takes it over, and settles it.
 */
export async function openMark(
  { table, schema, nowMs }: Place,
  writes: readonly unknown[],
): Promise<OpenMark | undefined> {
  if (writes.length === 0 && !isOpen(await readMark(table, schema))) return undefined
  const id = randomUUID()
  let openedAtMs = Number.NEGATIVE_INFINITY
  const keep = async (): Promise<void> => {
    if (nowMs() - openedAtMs < RENEW_AFTER_MS) return
    openedAtMs = nowMs()
    await updateMark(table, schema, 'SET #openedBy = :id, #openUntil = :until', 'attribute_exists(#digest)', {
      ':id': { S: id },
      ':until': { N: String(openedAtMs + OPEN_FOR_MS) },
    })
  }
  await keep()
  return { id, keep }
}

export interface SettleOptions {
  /** Also where there is no mark yet, or only LaunchDarkly's. */
  readonly create: boolean
  /** By this very writer. */
  readonly opened?: OpenMark | undefined
}

/**
 * Makes the mark name what the table holds: the last step of every write. It is computed from the content each time, not
 * carried on from write to write, so that it also mends what a writer left that broke off. Whoever comes last wins: a mark
 * is only replaced by one whose content was read after it. One that another writer has open is left to that one.
 */
export async function settleMark({ table, schema, nowMs }: Place, { create, opened }: SettleOptions): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const mark = await readMark(table, schema)
    const before = metaOf(mark)
    // A table that ld-relay fills: a meta of ours would be outdated by its next change.
    if (before === undefined && !create) return
    const opening = openingOf(mark)
    if (before !== undefined && opening && opening.id !== opened?.id && opening.untilMs > nowMs()) {
      if (await leaveToOpener(table, schema, opening)) return
    } else {
      const digest = digestOf(await readContent(table, schema))
      if (before?.digest === digest && opening === undefined) return
      if (await replaceMark(table, schema, before, opening, digest)) return
    }
    await backOff(table, round)
  }
  throw new FlagDataError(
    'store_unavailable',
    `"${table.tableName}" is written, but others write it all the time: its mark is not, so readers may see it late`,
  )
}

/** Counts up, so that the opener finds the mark changed if it has read the content before our write, and reads it again. */
function leaveToOpener(table: Table, schema: Schema, { id }: Opening): Promise<boolean> {
  return updateMark(table, schema, 'ADD #dataVersion :one', '#openedBy = :id', { ':one': { N: '1' }, ':id': { S: id } })
}

function replaceMark(
  table: Table,
  schema: Schema,
  before: StoreMeta | undefined,
  opening: Opening | undefined,
  digest: string,
): Promise<boolean> {
  const asRead = before ? '#dataVersion = :before AND #digest = :old' : 'attribute_not_exists(#dataVersion)'
  const openAsRead = opening ? '#openedBy = :id AND #openUntil = :until' : 'attribute_not_exists(#openedBy)'
  const update = 'SET #dataVersion = :dataVersion, #digest = :digest REMOVE #openedBy, #openUntil'
  return updateMark(table, schema, update, `${asRead} AND ${openAsRead}`, {
    ':dataVersion': { N: String((before?.dataVersion ?? 0) + 1) },
    ':digest': { S: digest },
    ...(before ? { ':before': { N: String(before.dataVersion) }, ':old': { S: before.digest } } : {}),
    ...(opening ? { ':id': { S: opening.id }, ':until': { N: String(opening.untilMs) } } : {}),
  })
}

/** False when the mark is not as the condition says. */
async function updateMark(
  table: Table,
  schema: Schema,
  update: string,
  condition: string,
  values: Record<string, AttributeValue>,
): Promise<boolean> {
  const inited = { S: schema.initedKey }
  const used = new Set(`${update} ${condition}`.match(/#\w+/g))
  const command = new UpdateItemCommand({
    TableName: table.tableName,
    Key: { namespace: inited, key: inited },
    UpdateExpression: update,
    ConditionExpression: condition,
    // DynamoDB refuses a name that no expression uses.
    ExpressionAttributeNames: Object.fromEntries([...used].map((name) => [name, name.slice(1)])),
    ExpressionAttributeValues: values,
  })
  try {
    await patientRequest(table, (options) => table.client.send(command, options))
    return true
  } catch (error) {
    if (isNamed(error, 'ConditionalCheckFailedException')) return false
    throw error
  }
}
