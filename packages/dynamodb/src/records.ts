import { randomUUID } from 'node:crypto'
import { type AuditItem, checkWrite, isRefusal } from '@waybill/flags'
import { rowOf, type Schema } from './schema.ts'
import type { Table } from './table.ts'
import { writeRows } from './write-rows.ts'

interface Place {
  readonly table: Table
  readonly schema: Schema
}

/** In batches, so without a condition: the key of a record is a new one. Throws `item_too_large`, and then writes none. */
export async function writeRecords({ table, schema }: Place, records: readonly AuditItem[]): Promise<void> {
  const writeId = randomUUID()
  const rows = records.map((record) => rowOf(schema, 'audit', record, { writeId }))
  await writeRows(
    table,
    rows.map((Item) => ({ PutRequest: { Item } })),
  )
}

/** Removes the records of what was not written. */
export async function takeBack({ table, schema }: Place, records: readonly AuditItem[]): Promise<void> {
  const keys = records.map(({ key }) => ({ namespace: { S: schema.namespace('audit') }, key: { S: key } }))
  await writeRows(
    table,
    keys.map((Key) => ({ DeleteRequest: { Key } })),
  )
}

/** A write with its record around it. */
export async function recorded(
  place: Place,
  record: AuditItem | undefined,
  write: () => Promise<'written' | 'stale'>,
): Promise<'written' | 'stale'> {
  if (record === undefined) return write()
  checkWrite('audit', record, 'absent')
  await writeRecords(place, [record])
  let outcome: 'written' | 'stale'
  try {
    outcome = await write()
  } catch (error) {
    // Whatever else went wrong may have come after the write.
    if (isRefusal(error)) await takeBack(place, [record])
    throw error
  }
  if (outcome === 'stale') await takeBack(place, [record])
  return outcome
}
