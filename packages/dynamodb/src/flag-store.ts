import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { FlagDataError, type FlagSet, type FlagStore, type ItemKind, type StoredItem } from '@waybill/flags'
import { itemOf, type Row, rowOf, schemaFor } from './schema.ts'
import { writeRows } from './write-rows.ts'

export interface DynamoDbFlagStoreOptions {
  readonly client: DynamoDBClient
  readonly tableName: string
  /** As ld-relay's `prefix`: several environments in one table. */
  readonly prefix?: string
  /** From 0 up to 1: spreads repeated writes. */
  readonly random?: () => number
}

const KINDS: readonly ItemKind[] = ['features', 'segments']

/**
 * A flag store on DynamoDB, in the schema that ld-relay writes and LaunchDarkly's SDKs read. Reads are strongly consistent;
 * writes are conditional on the version. Set-up errors: `bad_flag_data` without a client or a table name.
 *
 * @example
 * ```ts
 * const store = dynamoDbFlagStore({ client: new DynamoDBClient({}), tableName: 'flags', prefix: 'production' })
 * ```
 */
export function dynamoDbFlagStore(options: DynamoDbFlagStoreOptions): FlagStore {
  const { client, tableName, prefix, random = Math.random } = options
  if (typeof client?.send !== 'function' || !tableName) {
    throw new FlagDataError('bad_flag_data', 'dynamoDbFlagStore needs a DynamoDBClient and a tableName')
  }
  const schema = schemaFor(prefix)

  const getRow = async (namespace: string, key: string, signal?: AbortSignal): Promise<Row | undefined> => {
    const Key = { namespace: { S: namespace }, key: { S: key } }
    const command = new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true })
    return (await client.send(command, aborting(signal))).Item
  }

  const query = async (kind: ItemKind, signal?: AbortSignal, keysOnly = false): Promise<readonly Row[]> => {
    const rows: Row[] = []
    let ExclusiveStartKey: Row | undefined
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          ConsistentRead: true,
          KeyConditionExpression: '#namespace = :namespace',
          ExpressionAttributeNames: { '#namespace': 'namespace', ...(keysOnly ? { '#key': 'key' } : {}) },
          ExpressionAttributeValues: { ':namespace': { S: schema.namespace(kind) } },
          ...(keysOnly ? { ProjectionExpression: '#namespace, #key' } : {}),
          ExclusiveStartKey,
        }),
        aborting(signal),
      )
      rows.push(...(page.Items ?? []))
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
    return rows
  }

  return {
    readAll: async (signal) => {
      // One round trip for a cold start: all three at once.
      const [inited, flags, segments] = await Promise.all([
        getRow(schema.initedKey, schema.initedKey, signal),
        query('features', signal),
        query('segments', signal),
      ])
      if (inited === undefined) return undefined
      return { flags: live(flags), segments: live(segments) } as FlagSet
    },
    get: async (kind, key) => {
      const row = await getRow(schema.namespace(kind), key)
      return row && itemOf(row)
    },
    upsert: async (kind, item) => {
      try {
        await client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: rowOf(schema, kind, item),
            ConditionExpression: 'attribute_not_exists(#key) OR #version < :version',
            ExpressionAttributeNames: { '#key': 'key', '#version': 'version' },
            ExpressionAttributeValues: { ':version': { N: String(item.version) } },
          }),
        )
        return 'written'
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return 'stale'
        throw error
      }
    },
    init: async (data) => {
      const { rows, tooLarge } = rowsOf(data)
      const kept = new Set(rows.map((row) => `${row['namespace']?.S}\n${row['key']?.S}`))
      const old = (await Promise.all(KINDS.map((kind) => query(kind, undefined, true)))).flat()
      const gone = old.filter((row) => !kept.has(`${row['namespace']?.S}\n${row['key']?.S}`))
      await writeRows(client, tableName, [...rows.map(put), ...gone.map(remove)], random)
      // The mark comes last: whoever sees it sees everything.
      const inited = { S: schema.initedKey }
      await client.send(new PutItemCommand({ TableName: tableName, Item: { namespace: inited, key: inited } }))
      // What fits is written first; then it is said what did not.
      if (tooLarge !== undefined) throw tooLarge
    },
  }

  function rowsOf(data: FlagSet): { readonly rows: readonly Row[]; readonly tooLarge: unknown } {
    const rows: Row[] = []
    let tooLarge: unknown
    const items: Record<ItemKind, readonly StoredItem[]> = {
      features: Object.values(data.flags),
      segments: Object.values(data.segments ?? {}),
    }
    for (const kind of KINDS) {
      for (const item of items[kind]) {
        try {
          rows.push(rowOf(schema, kind, item))
        } catch (error) {
          tooLarge ??= error
        }
      }
    }
    return { rows, tooLarge }
  }
}

const put = (Item: Row): WriteRequest => ({ PutRequest: { Item } })

function remove({ namespace, key }: Row): WriteRequest {
  return { DeleteRequest: { Key: { namespace: namespace ?? { S: '' }, key: key ?? { S: '' } } } }
}

function live(rows: readonly Row[]): Record<string, StoredItem> {
  const items: Record<string, StoredItem> = {}
  for (const row of rows) {
    const item = itemOf(row)
    if (item !== undefined && !item.deleted) items[item.key] = item
  }
  return items
}

function aborting(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}
