import { setTimeout as pause } from 'node:timers/promises'
import { FlagDataError, type FlagReader, type FlagSnapshot, type VersionedItem } from '@waybill/flags'
import { type Redis, type RedisClient, request } from './client.ts'
import { digestOf, isCounted, type Mark, markOf } from './mark.ts'
import { fieldsOf, itemOf, prefixOf, type Schema, schemaFor } from './schema.ts'

export interface RedisFlagReaderOptions {
  /** Of node-redis, or anything that sends commands as its clients do. */
  readonly client: RedisClient
  /** As LaunchDarkly's `prefix`: an environment. Default `launchdarkly`. On a cluster in braces, `{production}`. */
  readonly prefix?: string
  /** The longest that one command may take. Default 10,000. A source gives up earlier, at its own deadline. */
  readonly requestTimeoutMs?: number
  /** From 0 up to 1: spreads repeated writes. */
  readonly random?: () => number
}

export interface ReadPlace {
  readonly redis: Redis
  readonly schema: Schema
}

/**
 * The reading half of `redisFlagStore`, for edge functions: less code to load, and no way to write. Rejects with
 * `store_unavailable`, the client's error as its cause. Set-up errors: `bad_flag_data` without a client.
 *
 * @example
 * ```ts
 * const source = cachedSource(redisFlagReader({ client, prefix: 'production' }))
 * ```
 */
export function redisFlagReader(options: RedisFlagReaderOptions): Required<FlagReader> {
  return readerAt(readPlace('redisFlagReader', options))
}

/** Throws `bad_flag_data`, naming the function that was called. */
export function readPlace(caller: string, options: RedisFlagReaderOptions): ReadPlace {
  const { client, requestTimeoutMs = 10_000, random = Math.random } = options
  if (typeof client?.sendCommand !== 'function') {
    throw new FlagDataError(
      'bad_flag_data',
      `${caller} needs a client with sendCommand, as createClient of redis makes it`,
    )
  }
  const prefix = prefixOf(options.prefix)
  return { redis: { client, prefix, requestTimeoutMs, random }, schema: schemaFor(prefix) }
}

export function readerAt(place: ReadPlace): Required<FlagReader> {
  const { redis, schema } = place
  const { features, segments } = schema.hashes
  return {
    readAll: (signal) => readSettled(place, signal),
    readMeta: async (signal) => {
      const [value, featureCount, segmentCount] = await together(redis, signal, [
        ['GET', schema.inited],
        ['HLEN', features],
        ['HLEN', segments],
      ])
      const mark = markOf(value)
      if (mark === undefined || !isCounted(mark, Number(featureCount), Number(segmentCount))) return undefined
      return { dataVersion: mark.dataVersion, digest: mark.digest }
    },
  }
}

/** In one round trip: what is sent in one go, the client writes in one go. */
function together(
  redis: Redis,
  signal: AbortSignal | undefined,
  commands: readonly (readonly string[])[],
): Promise<readonly unknown[]> {
  return Promise.all(commands.map((command) => request(redis, command, signal)))
}

/** How often content is read again that is not what its mark names, and the pause before each. */
const REREAD_PAUSES_MS = [20, 40]

/**
 * Everything, in one round trip. No transaction holds it together, which could not share a connection with others: a write in
 * between shows in the digest, and it is read again.
 */
async function readSettled(place: ReadPlace, signal: AbortSignal | undefined): Promise<FlagSnapshot | undefined> {
  const { redis, schema } = place
  for (let read = 0; ; read += 1) {
    const [value, ...replies] = await together(redis, signal, [
      ['GET', schema.inited],
      ['HGETALL', schema.hashes.features],
      ['HGETALL', schema.hashes.segments],
    ])
    if (value === null || value === undefined) return undefined
    const content = { features: fieldsOf(replies[0]), segments: fieldsOf(replies[1]) }
    const data: FlagSnapshot = { flags: live(content.features), segments: live(content.segments) }
    const mark = markOf(value)
    if (mark === undefined) return data
    if (digestOf(content) === mark.digest) {
      return { ...data, meta: { dataVersion: mark.dataVersion, digest: mark.digest } }
    }
    const pauseMs = REREAD_PAUSES_MS[read]
    if (pauseMs === undefined || signal?.aborted) {
      refuseEvicted(redis, mark, content)
      return { ...data, inFlux: true }
    }
    await pause(pauseMs)
  }
}

/** A whole hash that is gone was evicted or deleted: to decide on it would be to take an outage for missing flags. */
function refuseEvicted(
  { prefix }: Redis,
  mark: Mark,
  content: Readonly<Record<'features' | 'segments', readonly unknown[]>>,
): void {
  for (const kind of ['features', 'segments'] as const) {
    if (mark[kind] === 0 || content[kind].length > 0) continue
    const message = `"${prefix}:${kind}" is gone, and had ${mark[kind]} items: was it evicted? See maxmemory-policy`
    throw new FlagDataError('store_unavailable', message)
  }
}

function live<T extends VersionedItem>(fields: readonly (readonly [string, string])[]): Record<string, T> {
  // Not by assignment: a flag may be called `__proto__`.
  return Object.fromEntries(
    fields.flatMap(([key, json]) => {
      const item = itemOf<T>(key, json)
      return item === undefined || item.deleted ? [] : [[item.key, item]]
    }),
  )
}
