import { setTimeout as pause } from 'node:timers/promises'
import { FlagDataError } from '@waybill/flags'

/**
 * What is needed of a client: node-redis 6 (`createClient`, `createClientPool`) is one as it stands, others take a line. It
 * is the caller's: connected, and closed, by whoever made it.
 */
export interface RedisClient {
  /** Sends one command and gives its reply. */
  sendCommand(command: string[], options?: RedisCommandOptions): Promise<unknown>
}

/** As node-redis has them; other clients may pass over them. */
export interface RedisCommandOptions {
  /** A command that was not sent when it aborts is never to be sent. */
  readonly abortSignal?: AbortSignal
  /** How to give a map of RESP3 (`%`, 37): in a plain object, a flag called `__proto__` would be lost. */
  readonly typeMapping?: { readonly 37: MapConstructor }
}

/** Where and how commands are sent. */
export interface Redis {
  readonly client: RedisClient
  /** The environment, in messages. */
  readonly prefix: string
  /** Each command has it: a client that is not connected keeps commands for ever, and a server that hangs answers none. */
  readonly requestTimeoutMs: number
  readonly random: () => number
}

const MAX_ATTEMPTS = 12
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 2_000

/** Replies by which a server says that it did nothing, for now. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
const NOT_NOW = /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN) /

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Sends one command. Rejects with `store_unavailable`, its cause kept; in time, whatever the client does. */
export async function request(redis: Redis, command: readonly string[], signal?: AbortSignal): Promise<unknown> {
  const timeout = AbortSignal.timeout(redis.requestTimeoutMs)
  try {
    return await sent(redis.client, command, signal === undefined ? timeout : AbortSignal.any([signal, timeout]))
  } catch (error) {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new FlagDataError('store_unavailable', `Redis ("${redis.prefix}") did not do it: ${said}`, { cause: error })
  }
}

/** As `request`, for writers: they have the time to wait until a server has loaded its data. */
export async function patientRequest(redis: Redis, command: readonly string[]): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await request(redis, command)
    } catch (error) {
      const isPassing = error instanceof FlagDataError && NOT_NOW.test(messageOf(error.cause))
      if (attempt === MAX_ATTEMPTS || !isPassing) throw error
      const longestMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt + 1))
      await pause(longestMs * (0.5 + redis.random() / 2))
    }
  }
}

function sent(client: RedisClient, command: readonly string[], signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(signal.reason)
    if (signal.aborted) return late()
    signal.addEventListener('abort', late, { once: true })
    const settle = async (): Promise<void> => {
      try {
        resolve(await client.sendCommand([...command], { abortSignal: signal, typeMapping: { 37: Map } }))
      } catch (error) {
        reject(error)
      } finally {
        signal.removeEventListener('abort', late)
      }
    }
    void settle()
  })
}

/** A script that the server may have: it is sent whole only to one that has not. */
export interface Script {
  readonly text: string
  readonly sha1: string
}

/** A server forgets scripts when it starts again, or fails over; it says so before it does anything. */
export async function runScript(
  redis: Redis,
  { text, sha1 }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await patientRequest(redis, ['EVALSHA', sha1, ...rest])
  } catch (error) {
    if (!(error instanceof FlagDataError) || !messageOf(error.cause).startsWith('NOSCRIPT')) throw error
    return patientRequest(redis, ['EVAL', text, ...rest])
  }
}
