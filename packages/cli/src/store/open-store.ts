import { Failure } from '../failure.ts'
import { fileStore } from './file-store.ts'
import type { OpenStore } from './store.ts'

/** Which store, as the command line says it. */
export interface StoreOptions {
  readonly table?: string
  readonly prefix?: string
  readonly file?: string
}

/** An unreachable endpoint should cost a second, not the SDK's minutes. */
const CONNECT_TIMEOUT_MS = 2_000
const REQUEST_TIMEOUT_MS = 5_000
const ATTEMPTS = 3

/** Opens what the options name. Fails with `bad_input` for none, or for two. */
export async function openStore({ table, prefix, file }: StoreOptions, timeoutSeconds: number): Promise<OpenStore> {
  if (table && file) {
    throw new Failure('bad_input', 'Two stores are named, a table and a file: name one, with --table or --file')
  }
  if (file) {
    if (prefix !== undefined) throw new Failure('bad_input', '--prefix goes with --table: a file has one environment')
    return { store: fileStore(file), name: file, close: () => {} }
  }
  if (!table) {
    throw new Failure('bad_input', 'No store is named: say --table NAME (and --prefix P), or --file flags.json')
  }
  // Loaded here: a file, a token and --help need no AWS SDK, which takes longer to load than they take to run.
  const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb')
  const { dynamoDbFlagStore } = await import('@waybill/dynamodb')
  const client = new DynamoDBClient({
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  })
  const store = dynamoDbFlagStore({
    client,
    tableName: table,
    requestTimeoutMs: timeoutSeconds * 1000,
    ...(prefix === undefined ? {} : { prefix }),
  })
  const name = prefix === undefined ? `table ${table}` : `table ${table}, prefix ${prefix}`
  return { store, name, close: () => client.destroy() }
}
