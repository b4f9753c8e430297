import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { closeHttpServer, listenOnLoopback, outliveAborts } from './loopback.ts'

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

// The shell waits on the engine and on its own standard input, which is a pipe from us: when this process ends in
// whatever way, SIGKILL included, the pipe closes and the engine is stopped. An exit handler would miss SIGKILL.
const WATCHDOG = '"$@" </dev/null 3<&- & engine=$!; (cat <&3 >/dev/null; kill "$engine") & wait "$engine"'

const BIND_ATTEMPTS = 5

async function startDynoxide(binary: string, dataDir: string | undefined): Promise<DynamoDb> {
  const storage = dataDir === undefined ? [] : ['--db-path', join(dataDir, 'dynamodb.sqlite')]
  let output = ''
  for (let attempt = 0; attempt < BIND_ATTEMPTS; attempt++) {
    // Given port 0 the engine does not say which port it took, so a free one is chosen here and a lost race retried.
    const port = await freePort()
    const command = [binary, 'serve', '--host', '127.0.0.1', '--port', String(port), ...storage]
    // Its own process group: Ctrl-C reaches only us, and we still need the engine to finish what is in flight.
    const child = spawn('/bin/sh', ['-c', `exec 3<&0; ${WATCHDOG}`, 'sh', ...command], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const started = await whenListening(child)
    if (started.listening) {
      return {
        endpoint: `http://127.0.0.1:${port}`,
        engine: 'dynoxide',
        close: () => stop(child),
        kill: () => kill(child),
      }
    }
    output = started.output
  }
  throw new Error(`dynoxide did not start: ${output}`)
}

async function freePort(): Promise<string> {
  const probe = createServer()
  const endpoint = await listenOnLoopback(probe)
  await new Promise((resolve) => probe.close(resolve))
  return new URL(endpoint).port
}

function whenListening(child: ChildProcess): Promise<{ listening: boolean; output: string }> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('listening on')) resolve({ listening: true, output })
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    // The pipe to a child that has ended.
    child.stdin?.on('error', () => {})
    child.once('error', reject)
    child.once('exit', () => resolve({ listening: false, output }))
  })
}

/** How long the engine may take to end by itself. */
const STOP_TIMEOUT_MS = 5_000

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.stdin?.end()
  const timer = setTimeout(() => process.kill(-Number(child.pid), 'SIGKILL'), STOP_TIMEOUT_MS)
  await closed
  clearTimeout(timer)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  process.kill(-Number(child.pid), 'SIGKILL')
  await closed
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
