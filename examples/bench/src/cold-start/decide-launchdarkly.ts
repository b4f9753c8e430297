import { type AttributeValue, DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { init, type interfaces, PersistentDataStoreWrapper } from '@launchdarkly/node-server-sdk'

/**
 * LaunchDarkly's SDK in daemon mode: its own persistence, over the reads that its DynamoDB package does, which is not on
 * every registry.
 */
export async function decide(): Promise<boolean> {
  const client = new DynamoDBClient()
  const get = async (namespace: string, key: string) =>
    (
      await client.send(
        new GetItemCommand({ TableName: 'flags', Key: { namespace: { S: namespace }, key: { S: key } } }),
      )
    ).Item
  const serialized = (row: Record<string, AttributeValue>): interfaces.SerializedItemDescriptor => ({
    version: Number(row['version']?.N),
    serializedItem: row['item']?.S ?? '',
  })
  const core: interfaces.PersistentDataStore = {
    init: (_allData, done) => done(),
    get: async ({ namespace }, key, done) => {
      const row = await get(namespace, key)
      done(row && serialized(row))
    },
    getAll: async ({ namespace }, done) => {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: 'flags',
          KeyConditionExpression: 'namespace = :namespace',
          ExpressionAttributeValues: { ':namespace': { S: namespace } },
        }),
      )
      done(Items.map((row) => ({ key: row['key']?.S ?? '', item: serialized(row) })))
    },
    upsert: (_kind, _key, item, done) => done(undefined, item),
    initialized: async (done) => done((await get('$inited', '$inited')) !== undefined),
    close: () => {},
    getDescription: () => 'DynamoDB',
  }
  const launchDarkly = init('sdk-key', {
    useLdd: true,
    sendEvents: false,
    diagnosticOptOut: true,
    featureStore: new PersistentDataStoreWrapper(core, 15),
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
  await launchDarkly.waitForInitialization({ timeout: 5 })
  return launchDarkly.variation('f0', { kind: 'user', key: 'u-1' }, false)
}
