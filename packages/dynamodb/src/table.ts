import { setTimeout as pause } from 'node:timers/promises'
import { type DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { FlagDataError } from '@waybill/flags'
import type { Row } from './schema.ts'

/** Where and how requests are sent. */
export interface Table {
  readonly client: DynamoDBClient
  readonly tableName: string
  /** For requests whose caller gave no signal: without it, a connection that hangs would never settle. */
  readonly requestTimeoutMs: number
  readonly random: () => number
}

type SendOptions = { readonly abortSignal: AbortSignal }

const MAX_ATTEMPTS = 12
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 2_000

/** By name: two copies of the SDK (a layer and a bundle) have two classes of each error. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name)
}

const isThrottled = (error: unknown): boolean =>
  isNamed(error, 'ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded')

/** Sends one request. Rejects with `store_unavailable`, its cause kept; a condition that failed is passed on as it is. */
export async function request<T>(
  { tableName, requestTimeoutMs }: Table,
  send: (options: SendOptions) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await send({ abortSignal: signal ?? AbortSignal.timeout(requestTimeoutMs) })
  } catch (error) {
    if (isNamed(error, 'ConditionalCheckFailedException')) throw error
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new FlagDataError('store_unavailable', `DynamoDB table "${tableName}" did not do it: ${said}`, {
      cause: error,
    })
  }
}

/** As `request`, for writers: they have the time to wait until a throttled table takes it. */
export async function patientRequest<T>(table: Table, send: (options: SendOptions) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await request(table, send)
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !(error instanceof FlagDataError && isThrottled(error.cause))) throw error
      await backOff(table, attempt)
    }
  }
}

/** Growing pauses, spread at random. */
export async function backOff({ random }: Table, attempt: number): Promise<void> {
  await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt + 1)) * (0.5 + random() / 2))
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
  /** Default true; without it a read costs half, and may be behind. */
  readonly consistent?: boolean
}

export async function getRow(
  table: Table,
  namespace: string,
  key: string,
  { signal, consistent = true }: ReadOptions = {},
): Promise<Row | undefined> {
  const command = new GetItemCommand({
    TableName: table.tableName,
    Key: { namespace: { S: namespace }, key: { S: key } },
    ConsistentRead: consistent,
  })
  return (await request(table, (options) => table.client.send(command, options), signal)).Item
}

/** All rows of a namespace in the order of their keys, strongly consistent, all pages. */
export async function queryRows(
  table: Table,
  namespace: string,
  { signal, keyPrefix = '' }: { readonly signal?: AbortSignal | undefined; readonly keyPrefix?: string } = {},
): Promise<readonly Row[]> {
  const rows: Row[] = []
  let ExclusiveStartKey: Row | undefined
  const under = keyPrefix !== ''
  do {
    const command = new QueryCommand({
      TableName: table.tableName,
      ConsistentRead: true,
      KeyConditionExpression: `#namespace = :namespace${under ? ' AND begins_with(#key, :keyPrefix)' : ''}`,
      ExpressionAttributeNames: { '#namespace': 'namespace', ...(under ? { '#key': 'key' } : {}) },
      ExpressionAttributeValues: {
        ':namespace': { S: namespace },
        ...(under ? { ':keyPrefix': { S: keyPrefix } } : {}),
      },
      ExclusiveStartKey,
    })
    const page = await request(table, (options) => table.client.send(command, options), signal)
    rows.push(...(page.Items ?? []))
    ExclusiveStartKey = page.LastEvaluatedKey
  } while (ExclusiveStartKey !== undefined)
  return rows
}
