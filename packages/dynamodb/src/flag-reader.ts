import { setTimeout as pause } from 'node:timers/promises'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { FlagDataError, type FlagReader, type FlagSnapshot, type VersionedItem } from '@waybill/flags'
import { digestOf, isOpen, metaOf, readContent, readMark } from './mark.ts'
import { itemOf, type Row, type Schema, schemaFor } from './schema.ts'
import type { Table } from './table.ts'

export interface DynamoDbFlagReaderOptions {
  readonly client: DynamoDBClient
  readonly tableName: string
  /** As ld-relay's `prefix`: several environments in one table. */
  readonly prefix?: string
  /** The longest that one request may take whose caller gave no signal: all writes, and the reads of tools. Default 10,000. */
  readonly requestTimeoutMs?: number
  /** From 0 up to 1: spreads repeated writes. */
  readonly random?: () => number
}

export interface ReadPlace {
  readonly table: Table
  readonly schema: Schema
}

/**
 * The reading half of `dynamoDbFlagStore`, for edge functions: less code to load, and no way to write. Reads are strongly
 * consistent, but for `readMeta`. Set-up errors: `bad_flag_data` without a client or a table name.
 *
 * @example
 * ```ts
 * const source = cachedSource(dynamoDbFlagReader({ client: new DynamoDBClient({}), tableName: 'flags' }))
 * ```
 */
export function dynamoDbFlagReader(options: DynamoDbFlagReaderOptions): Required<FlagReader> {
  return readerAt(readPlace('dynamoDbFlagReader', options))
}

/** Throws `bad_flag_data`, naming the function that was called. */
export function readPlace(caller: string, options: DynamoDbFlagReaderOptions): ReadPlace {
  const { client, tableName, prefix, requestTimeoutMs = 10_000, random = Math.random } = options
  if (typeof client?.send !== 'function' || !tableName) {
    throw new FlagDataError('bad_flag_data', `${caller} needs a DynamoDBClient and a tableName`)
  }
  return { table: { client, tableName, requestTimeoutMs, random }, schema: schemaFor(prefix) }
}

export function readerAt(place: ReadPlace): Required<FlagReader> {
  return {
    readAll: (signal) => readSettled(place, signal),
    readMeta: async (signal) => {
      const mark = await readMark(place.table, place.schema, { signal, consistent: false })
      return isOpen(mark) ? undefined : metaOf(mark)
    },
  }
}

/** How often content is read again that is not what its mark names, and the pause before each. */
const REREAD_PAUSES_MS = [20, 40, 80]

/**
 * Everything, in one round trip: mark, flags and segments at once. Content that is not what the mark names was read in the
 * middle of a write, or ahead of what another region has yet to replicate: it is read again a few times.
 */
async function readSettled(
  { table, schema }: ReadPlace,
  signal: AbortSignal | undefined,
): Promise<FlagSnapshot | undefined> {
  for (let read = 0; ; read += 1) {
    const [mark, content] = await Promise.all([readMark(table, schema, { signal }), readContent(table, schema, signal)])
    if (mark === undefined) return undefined
    const data: FlagSnapshot = { flags: live(content.features), segments: live(content.segments) }
    const meta = metaOf(mark)
    if (meta === undefined) return data
    // To read again would not help: it changes until its writer has finished.
    if (isOpen(mark)) return { ...data, inFlux: true }
    if (digestOf(content) === meta.digest) return { ...data, meta }
    const pauseMs = REREAD_PAUSES_MS[read]
    if (pauseMs === undefined || signal?.aborted) return { ...data, inFlux: true }
    await pause(pauseMs)
  }
}

function live<T extends VersionedItem>(rows: readonly Row[]): Record<string, T> {
  // Not by assignment: a flag may be called `__proto__`.
  return Object.fromEntries(
    rows.flatMap((row) => {
      const item = itemOf<T>(row)
      return item === undefined || item.deleted ? [] : [[item.key, item]]
    }),
  )
}
