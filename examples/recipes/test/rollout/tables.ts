import { CreateTableCommand, type DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb'

const KEYS: Readonly<Record<string, readonly [string, string]>> = {
  flags: ['namespace', 'key'],
  'affected-users': ['key', 'part'],
}

/** The two tables of a rollout. */
export async function createTables(client: DynamoDBClient): Promise<void> {
  for (const [TableName, keys] of Object.entries(KEYS)) {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
      }),
    )
    await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 }, { TableName })
  }
}

export const FLAG = {
  key: 'new-order-flow',
  version: 1,
  on: true,
  variations: [false, true],
  variationNames: ['control', 'canary'],
  offVariation: 0,
  fallthrough: { variation: 0 },
  salt: 's',
}

export const PLAN = {
  id: 'new-order-flow-1',
  flag: 'new-order-flow',
  canary: 'canary',
  control: 'control',
  steps: [
    { percent: 10, holdMinutes: 2 },
    { percent: 100, holdMinutes: 0 },
  ],
}
