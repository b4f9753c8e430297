import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { startWatched } from './watched-child.ts'

export interface StartRedisOptions {
  /** An existing directory for its append-only file, which the next server can be started on. Without it one goes with the server. */
  readonly dataDir?: string
}

export interface Redis {
  /** As clients want it, `redis://127.0.0.1:<port>`. */
  readonly endpoint: string
  close(): Promise<void>
  /** SIGKILL. What it had answered is on its disk: each write is synchronised before its answer. */
  kill(): Promise<void>
  /** SIGSTOP: it keeps its connections, takes new ones, and answers nothing. */
  pause(): void
  /** SIGCONT: it answers everything that was sent meanwhile. */
  resume(): void
}

/** The path of redis-server, or undefined where it is not installed. */
export function findRedisServer(): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'redis-server'))
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/**
 * Starts a real redis-server on loopback, with the scripts and access lists of a real one. Rejects where none is installed.
 *
 * @example
 * const redis = await startRedis({ dataDir })
 * await redis.kill()
 * const again = await startRedis({ dataDir })
 */
export async function startRedis({ dataDir }: StartRedisOptions = {}): Promise<Redis> {
  const binary = findRedisServer()
  if (binary === undefined) throw new Error('redis-server is not on the PATH: install Debian’s redis-server')
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'waybill-redis-')))
  const { port, output, stop, kill } = await startWatched('redis-server', 'Ready to accept connections', (port) => [
    binary,
    ...['--port', port, '--bind', '127.0.0.1', '--dir', directory],
    ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
  ])
  // The shell around it is not to be stopped: it is what ends the server with us.
  const pid = Number(/^(\d+):M .*Ready to accept connections/m.exec(output)?.[1])
  const cleared = async (end: () => Promise<void>): Promise<void> => {
    await end()
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true })
  }
  return {
    endpoint: `redis://127.0.0.1:${port}`,
    close: () => cleared(stop),
    kill: () => cleared(kill),
    pause: () => {
      process.kill(pid, 'SIGSTOP')
    },
    resume: () => {
      process.kill(pid, 'SIGCONT')
    },
  }
}
