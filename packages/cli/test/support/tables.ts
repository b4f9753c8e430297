import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import type { FlagStore } from '@waybill/flags'
import { type DynamoDb, type DynamoDbEngine, findDynoxide, startDynamoDb } from '@waybill/local'

/** What the SDK's default chain finds. */
export const CREDENTIALS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }

export interface Tables {
  readonly client: DynamoDBClient
  readonly env: Readonly<Record<string, string>>
  newTable(): Promise<{ readonly name: string; readonly store: FlagStore }>
  close(): Promise<void>
}

export function engines(): readonly DynamoDbEngine[] {
  if (findDynoxide() !== undefined) return ['dynalite', 'dynoxide']
  console.log('dynoxide is not there on this platform: its half of the commands’ tests is passed over')
  return ['dynalite']
}

export async function startTables(engine: DynamoDbEngine): Promise<Tables> {
  const server: DynamoDb = await startDynamoDb({ engine })
  const client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  let made = 0
  return {
    client,
    env: { ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: server.endpoint },
    newTable: async () => {
      made += 1
      const name = `flags-${made}`
      await client.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: ['namespace', 'key'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          KeySchema: [
            { AttributeName: 'namespace', KeyType: 'HASH' },
            { AttributeName: 'key', KeyType: 'RANGE' },
          ],
        }),
      )
      await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 }, { TableName: name })
      return { name, store: dynamoDbFlagStore({ client, tableName: name }) }
    },
    close: async () => {
      client.destroy()
      await server.close()
    },
  }
}
