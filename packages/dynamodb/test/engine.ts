import {
  CreateTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { type DynamoDbEngine, findDynoxide } from '@waybill/local'
import { vi } from 'vitest'

// Engines in JavaScript take their time, on machines that do other things as well.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

export const engines: readonly DynamoDbEngine[] = ['dynalite', 'dynoxide']

/** Says which engine's half of the suite is passed over. */
export function isAbsent(engine: DynamoDbEngine): boolean {
  const absent = engine === 'dynoxide' && findDynoxide() === undefined
  if (absent) console.log('dynoxide is not there on this platform: its half of the suite is passed over')
  return absent
}

export const clientAt = (endpoint: string, config: DynamoDBClientConfig = {}): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    ...config,
  })

let tables = 0
/** A table in ld-relay's layout. */
export async function newTable(client: DynamoDBClient): Promise<string> {
  tables += 1
  const TableName = `flags-${tables}`
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['namespace', 'key'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'namespace', KeyType: 'HASH' },
        { AttributeName: 'key', KeyType: 'RANGE' },
      ],
    }),
  )
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 }, { TableName })
  return TableName
}

export type Sent = { readonly name: string; readonly input: Record<string, unknown> }
type Answer = { output: Record<string, unknown> }

/** Puts itself around every request of a client, before it is serialised; `go` sends it, with another input if given. */
export function intercept(
  client: DynamoDBClient,
  around: (sent: Sent, go: (input?: Record<string, unknown>) => Promise<Answer>) => Promise<Answer>,
): void {
  client.middlewareStack.add(
    ((next: (args: object) => Promise<Answer>, context: { commandName?: string }) => (args: { input: object }) =>
      around({ name: context.commandName ?? '', input: args.input as Sent['input'] }, (input) =>
        next({ ...args, input: input ?? args.input }),
      )) as never,
    { step: 'initialize', name: 'testIntercept' },
  )
}
