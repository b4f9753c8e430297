import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { closeHttpServer, listenOnLoopback, outliveAborts } from './loopback.ts'
import { startWatched } from './watched-child.ts'

export type DynamoDbEngine = 'dynoxide' | 'dynalite'

export interface StartDynamoDbOptions {
  /** Keeps the tables in this existing directory; without it they live in memory. */
  readonly dataDir?: string
  /** By default dynoxide where its binary is installed, else dynalite (no transactions, streams or TTL). */
  readonly engine?: DynamoDbEngine
}

export interface DynamoDb {
  readonly endpoint: string
  readonly engine: DynamoDbEngine
  close(): Promise<void>
  /** Ends dynoxide as SIGKILL does, in the middle of whatever it writes. Dynalite, which runs in this process, is closed. */
  kill(): Promise<void>
}

const require = createRequire(import.meta.url)

/** The path of the dynoxide binary, or undefined where none is published for this platform. */
export function findDynoxide(): string | undefined {
  try {
    return require.resolve('@dynoxide/linux-x64/dynoxide')
  } catch {
    return undefined
  }
}

/**
 * Starts a DynamoDB engine on loopback. Neither engine deletes items by TTL.
 *
 * @example
 * const dynamodb = await startDynamoDb()
 * new DynamoDBClient({ endpoint: dynamodb.endpoint })
 * await dynamodb.close()
 */
export async function startDynamoDb(options: StartDynamoDbOptions = {}): Promise<DynamoDb> {
  const binary = options.engine === 'dynalite' ? undefined : findDynoxide()
  if (binary !== undefined) return startDynoxide(binary, options.dataDir)
  if (options.engine === 'dynoxide') {
    throw new Error(`dynoxide has no binary for ${process.platform}-${process.arch}; use the engine 'dynalite'`)
  }
  return startDynalite(options.dataDir)
}

async function startDynoxide(binary: string, dataDir: string | undefined): Promise<DynamoDb> {
  const storage = dataDir === undefined ? [] : ['--db-path', join(dataDir, 'dynamodb.sqlite')]
  const { port, stop, kill } = await startWatched('dynoxide', 'listening on', (port) => [
    binary,
    ...['serve', '--host', '127.0.0.1', '--port', port, ...storage],
  ])
  return { endpoint: `http://127.0.0.1:${port}`, engine: 'dynoxide', close: stop, kill }
}

type Dynalite = (options: {
  path?: string
  createTableMs: number
  deleteTableMs: number
  updateTableMs: number
}) => Server

async function startDynalite(dataDir: string | undefined): Promise<DynamoDb> {
  const dynalite: Dynalite = require('dynalite')
  const server = dynalite({
    ...(dataDir === undefined ? {} : { path: join(dataDir, 'dynalite') }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  })
  server.on('request', outliveAborts)
  const endpoint = await listenOnLoopback(server)
  const close = () => closeHttpServer(server)
  return { endpoint, engine: 'dynalite', close, kill: close }
}
