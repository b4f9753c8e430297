import { type interfaces, type LDFeatureStore, PersistentDataStoreWrapper } from '@launchdarkly/node-server-sdk'
import type { FlagReader, FlagSnapshot, StoredItem } from '@waybill/flags'

export interface FlagReading {
  /** A feature store of what was read last; `undefined` while nothing could be read yet. Never rejects. */
  current(): Promise<LDFeatureStore | undefined>
  /** Something was written: the next read is of everything. */
  outdate(): void
  close(): void
}

export interface FlagReadingOptions {
  readonly ttlMs: number
  readonly deadlineMs: number
  readonly nowMs: () => number
  readonly onError: (error: unknown) => void
}

const RETRY_MS = 1000
const NEVER_MS = Number.NEGATIVE_INFINITY
/** Until it is replaced: what a store holds is replaced as a whole. */
const FOREVER_SECONDS = 1e9

/**
 * Everything that a store holds, read at once and kept: one load instead of a request per flag, unknown flags cost nothing,
 * a refresh reads the meta alone, and a store that fails leaves the last known flags in force. LaunchDarkly's own stores ask
 * for each flag by itself and know none of this.
 */
export function flagReading(store: FlagReader, options: FlagReadingOptions): FlagReading {
  const { ttlMs, deadlineMs, nowMs, onError } = options
  let held: { readonly reader: LDFeatureStore; readonly digest: string | undefined } | undefined
  let dueAtMs = NEVER_MS
  let writes = 0
  let loading: Promise<void> | undefined
  let isClosed = false

  const hold = (snapshot: FlagSnapshot): void => {
    held?.reader.close()
    const reader = new PersistentDataStoreWrapper(itemsOf(snapshot), FOREVER_SECONDS)
    held = { reader, digest: snapshot.meta?.digest }
    // Its timers would keep the process alive.
    if (isClosed) reader.close()
  }

  const load = async (): Promise<void> => {
    const writesBefore = writes
    const digest = dueAtMs === NEVER_MS ? undefined : held?.digest
    try {
      await withDeadline(deadlineMs, async (signal) => {
        if (digest !== undefined && (await store.readMeta?.(signal))?.digest === digest) return
        const snapshot = await store.readAll(signal)
        if (snapshot !== undefined) hold(snapshot)
      })
      if (writes === writesBefore) dueAtMs = nowMs() + (held === undefined ? Math.min(ttlMs, RETRY_MS) : ttlMs)
    } catch (error) {
      dueAtMs = nowMs() + Math.min(ttlMs, RETRY_MS)
      onError(error)
    }
  }

  return {
    current: async () => {
      if (nowMs() >= dueAtMs) {
        loading ??= load().finally(() => {
          loading = undefined
        })
        await loading
      }
      return held?.reader
    },
    outdate: () => {
      writes += 1
      dueAtMs = NEVER_MS
    },
    close: () => {
      isClosed = true
      held?.reader.close()
    },
  }
}

/** LaunchDarkly's persistence over items in memory: it revives each one as its evaluator needs it, once. */
function itemsOf({ flags, segments = {} }: FlagSnapshot): interfaces.PersistentDataStore {
  const inKind = ({ namespace }: interfaces.PersistentStoreDataKind): Readonly<Record<string, StoredItem>> =>
    namespace === 'segments' ? segments : flags
  const serialized = (item: StoredItem): interfaces.SerializedItemDescriptor => ({
    version: item.version,
    serializedItem: JSON.stringify(item),
  })
  return {
    init: (_allData, done) => done(),
    get: (kind, key, done) => {
      const item = Object.hasOwn(inKind(kind), key) ? inKind(kind)[key] : undefined
      done(item && serialized(item))
    },
    getAll: (kind, done) => {
      done(Object.entries(inKind(kind)).map(([key, item]) => ({ key, item: serialized(item) })))
    },
    upsert: (_kind, _key, _item, done) => done(),
    initialized: (done) => done(true),
    close: () => {},
    getDescription: () => 'Waybill',
  }
}

/** A store may be deaf to its signal: whoever evaluates is not to wait for it. */
async function withDeadline(deadlineMs: number, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const late = new AbortController()
  const expired = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new Error(`the flag store did not answer within ${deadlineMs} ms`)
    late.abort(error)
    expired.reject(error)
  }, deadlineMs)
  try {
    await Promise.race([run(late.signal), expired.promise])
  } finally {
    clearTimeout(timer)
  }
}
