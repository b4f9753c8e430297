import { Failure } from '../failure.ts'
import { fileStore } from './file-store.ts'
import type { OpenStore } from './store.ts'

/** Which store, as the command line says it. */
export interface StoreOptions {
  readonly table?: string
  /** The URL of a server. */
  readonly redis?: string
  readonly prefix?: string
  readonly file?: string
}

/** An unreachable endpoint should cost a second, not the SDK's minutes. */
const CONNECT_TIMEOUT_MS = 2_000
const REQUEST_TIMEOUT_MS = 5_000
const ATTEMPTS = 3
const RECONNECT_PAUSE_MS = 100

/** Opens what the options name. Fails with `bad_input` for none, or for two. */
export async function openStore(options: StoreOptions, timeoutSeconds: number): Promise<OpenStore> {
  const { table, redis, prefix, file } = options
  if ([table, redis, file].filter(Boolean).length > 1) {
    throw new Failure('bad_input', 'Two stores are named: name one, with --table, --redis or --file')
  }
  if (file) {
    if (prefix !== undefined) {
      throw new Failure('bad_input', '--prefix goes with --table and --redis: a file has one environment')
    }
    return { store: fileStore(file), name: file, close: () => {} }
  }
  if (redis) return openRedis(redis, prefix, timeoutSeconds)
  if (!table) {
    const wanted = '--table NAME (and --prefix P), --redis URL (and --prefix P), or --file flags.json'
    throw new Failure('bad_input', `No store is named: say ${wanted}`)
  }
  return openTable(table, prefix, timeoutSeconds)
}

// Both clients are loaded here: a file, a token and --help need none, and each takes longer to load than they take to run.

async function openTable(table: string, prefix: string | undefined, timeoutSeconds: number): Promise<OpenStore> {
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
  return { store, name: named(`table ${table}`, prefix), close: () => client.destroy() }
}

async function openRedis(url: string, prefix: string | undefined, timeoutSeconds: number): Promise<OpenStore> {
  if (!/^rediss?:/.test(url) || !URL.canParse(url)) {
    throw new Failure('bad_input', '--redis is a URL, redis://host:6379 or rediss://user:password@host:6379')
  }
  const { createClient } = await import('redis')
  const { redisFlagStore } = await import('@waybill/redis')
  const reconnectStrategy = (retries: number): number | false => (retries + 1 < ATTEMPTS ? RECONNECT_PAUSE_MS : false)
  const client = createClient({ url, socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy } })
  // What went wrong is said by the command that it happens to.
  client.on('error', () => {})
  client.connect().catch(() => {})
  const store = redisFlagStore({
    client,
    requestTimeoutMs: timeoutSeconds * 1000,
    ...(prefix === undefined ? {} : { prefix }),
  })
  const close = (): void => {
    if (client.isOpen) client.destroy()
  }
  // The host alone: the URL may hold a password.
  return { store, name: named(`Redis at ${new URL(url).host}`, prefix), close }
}

function named(name: string, prefix: string | undefined): string {
  return prefix === undefined ? name : `${name}, prefix ${prefix}`
}
