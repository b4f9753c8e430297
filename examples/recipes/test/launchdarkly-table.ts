import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type DynamoDb, type LocalLaunchDarkly, startDynamoDb, startLaunchDarkly } from '@waybill/local'

export const SDK_KEY = 'sdk-1'
export const WEBHOOK_SECRET = 'webhook-secret'
export const tableName = 'flags'

export const rolloutFlag = (key: string, canaryPercent: number) => ({
  key,
  on: true,
  salt: 'food-ordering',
  variations: [false, true],
  offVariation: 0,
  fallthrough: {
    rollout: {
      variations: [
        { variation: 1, weight: canaryPercent * 1000 },
        { variation: 0, weight: 100_000 - canaryPercent * 1000 },
      ],
    },
  },
})

export interface Place {
  readonly dynamodb: DynamoDb
  readonly service: LocalLaunchDarkly
  readonly uris: { readonly baseUri: string; readonly streamUri: string; readonly eventsUri: string }
  /** A client of its own: to be watched, throttled and killed. */
  newClient(): DynamoDBClient
  close(): Promise<void>
}

/** LaunchDarkly and a table for its flags, on loopback. */
export async function startPlace(): Promise<Place> {
  const [dynamodb, service] = await Promise.all([
    startDynamoDb(),
    startLaunchDarkly({ sdkKey: SDK_KEY, webhookSecret: WEBHOOK_SECRET }),
  ])
  const clients: DynamoDBClient[] = []
  const newClient = (): DynamoDBClient => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const client = new DynamoDBClient({ endpoint: dynamodb.endpoint, region: 'us-east-1', credentials })
    clients.push(client)
    return client
  }
  const names = ['namespace', 'key']
  await newClient().send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: names.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
    }),
  )
  return {
    dynamodb,
    service,
    uris: { baseUri: service.url, streamUri: service.url, eventsUri: service.url },
    newClient,
    close: async () => {
      for (const client of clients) client.destroy()
      await Promise.all([service.close(), dynamodb.close()])
    },
  }
}

const WRITES = new Set(['BatchWriteItemCommand', 'DeleteItemCommand', 'PutItemCommand', 'UpdateItemCommand'])

/** Puts itself before every request of a client; `isWrite` says which kind it is. */
export function beforeRequests(
  client: DynamoDBClient,
  run: (request: { readonly name: string; readonly input: object; readonly isWrite: boolean }) => Promise<void> | void,
): DynamoDBClient {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        await run({ name: commandName, input: args.input, isWrite: WRITES.has(commandName) })
        return next(args)
      },
    { step: 'initialize' },
  )
  return client
}
