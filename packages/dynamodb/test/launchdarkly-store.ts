import { createRequire } from 'node:module'
import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import { type interfaces, type LDFeatureStore, PersistentDataStoreWrapper } from '@launchdarkly/node-server-sdk'
import type { Row } from '../src/schema.ts'

export type LaunchDarklyStore = (client: DynamoDBClient, tableName: string, prefix: string) => LDFeatureStore

/** LaunchDarkly's own package, where a path to it is given; it may not be on the registry in use. */
export function publishedStore(): LaunchDarklyStore | undefined {
  const path = process.env['WAYBILL_TEST_LAUNCHDARKLY_DYNAMODB']
  if (!path) {
    console.log('WAYBILL_TEST_LAUNCHDARKLY_DYNAMODB is no path: interoperation is tested on the published layout alone')
    return undefined
  }
  const { DynamoDBFeatureStore } = createRequire(import.meta.url)(path)
  return (client, tableName, prefix) =>
    DynamoDBFeatureStore(tableName, { dynamoDBClient: client, prefix, cacheTTL: 0 })({
      basicConfiguration: {},
      logger: undefined,
    })
}

type Kind = interfaces.PersistentStoreDataKind
type Serialized = interfaces.SerializedItemDescriptor

/** The SDK's own persistence (serialising, caching, kinds) over the layout that ld-relay and the SDKs publish. */
export const layoutStore: LaunchDarklyStore = (client, TableName, prefix) => {
  const namespaceOf = (kind: Kind): string => `${prefix}:${kind.namespace}`
  const inited = { namespace: { S: `${prefix}:$inited` }, key: { S: `${prefix}:$inited` } }
  const rowOf = (kind: Kind, key: string, { version, serializedItem }: Serialized): Row => ({
    namespace: { S: namespaceOf(kind) },
    key: { S: key },
    version: { N: String(version) },
    item: { S: serializedItem ?? '' },
  })
  const serialized = (row: Row): Serialized => ({
    version: Number(row['version']?.N),
    serializedItem: row['item']?.S ?? '',
  })
  const query = async (kind: Kind): Promise<readonly Row[]> => {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'namespace = :namespace',
        ExpressionAttributeValues: { ':namespace': { S: namespaceOf(kind) } },
      }),
    )
    return Items
  }
  const core: interfaces.PersistentDataStore = {
    init: (allData, done) => {
      const rows = allData.flatMap(({ key: kind, item: items }) => items.map(({ key, item }) => rowOf(kind, key, item)))
      const requests = [...rows, inited].map((Item) => ({ PutRequest: { Item } }))
      client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } })).then(() => done(), done)
    },
    get: async (kind, key, done) => {
      const Key = { namespace: { S: namespaceOf(kind) }, key: { S: key } }
      const { Item } = await client.send(new GetItemCommand({ TableName, Key }))
      done(Item && serialized(Item))
    },
    getAll: async (kind, done) => {
      done((await query(kind)).map((row) => ({ key: row['key']?.S ?? '', item: serialized(row) })))
    },
    upsert: async (kind, key, item, done) => {
      await client.send(new PutItemCommand({ TableName, Item: rowOf(kind, key, item) }))
      done(undefined, item)
    },
    initialized: async (done) => {
      done((await client.send(new GetItemCommand({ TableName, Key: inited }))).Item !== undefined)
    },
    close: () => {},
    getDescription: () => 'the published layout',
  }
  return new PersistentDataStoreWrapper(core, 0)
}
