import type { LDFeatureStore } from '@launchdarkly/node-server-sdk'
import type { FlagStore } from '@waybill/flags'
import { type FlagReading, flagReading } from './flag-reading.ts'
import { flagWriting, type StoreWrite } from './flag-writing.ts'

export interface FeatureStoreOptions {
  /** How long flags are used before the store is asked whether they changed. Default 15. */
  readonly ttlSeconds?: number
  /** The longest that an evaluation waits for the store. Default 500. */
  readonly deadlineMs?: number
  /** Told of each write of the SDK, which itself swallows what became of it. */
  readonly onWrite?: (write: StoreWrite) => void
  /** Told when the store cannot be read: LaunchDarkly's interface has no way to say so. */
  readonly onError?: (error: unknown) => void
  readonly nowMs?: () => number
}

/**
 * A feature store with which LaunchDarkly's SDK runs on a flag store, whatever it is kept in. In daemon mode (`useLdd`) the
 * SDK only reads; otherwise it fills the store, in the name of `launchdarkly`: what `waybill` owns stays as it is, and
 * `onWrite` says so. Everything is read at once, a refresh reads the store's meta where it has one, and while the store fails
 * the last known flags are in force. Before there are any, LaunchDarkly's SDK says `FLAG_NOT_FOUND`. Never throws or rejects.
 *
 * @example
 * ```ts
 * const client = init('sdk-key', { useLdd: true, featureStore: launchDarklyFeatureStore(store) })
 * ```
 */
export function launchDarklyFeatureStore(store: FlagStore, options: FeatureStoreOptions = {}): LDFeatureStore {
  const { ttlSeconds = 15, deadlineMs = 500, nowMs = Date.now, onWrite, onError } = options
  const reading = flagReading(store, { ttlMs: ttlSeconds * 1000, deadlineMs, nowMs, onError: quietly(onError) })
  const tell = quietly(onWrite)
  const writing = flagWriting(store, (write) => {
    reading.outdate()
    tell(write)
  })
  return {
    get: (kind, key, done) =>
      answer(
        reading,
        (reader) => reader.get(kind, key, done),
        () => done(null),
      ),
    all: (kind, done) =>
      answer(
        reading,
        (reader) => reader.all(kind, done),
        () => done({}),
      ),
    initialized: (done) =>
      answer(
        reading,
        () => done(true),
        () => done(false),
      ),
    init: writing.init,
    upsert: writing.upsert,
    delete: (kind, key, version, done) => writing.upsert(kind, { key, version, deleted: true }, () => done()),
    isStoreAvailable: (done) => {
      const looked = store.readMeta === undefined ? store.get('owners', '$') : store.readMeta()
      looked.then(
        () => done(true),
        () => done(false),
      )
    },
    close: () => {
      reading.close()
      writing.close()
    },
    getDescription: () => 'Waybill',
  }
}

/** The callback comes after the promise, so that what it throws is not taken for a failure to read. */
function answer(reading: FlagReading, found: (reader: LDFeatureStore) => void, absent: () => void): void {
  void reading.current().then((reader) => {
    if (reader === undefined) absent()
    else found(reader)
  })
}

/** What a listener throws is its own affair: the SDK would never be called back. */
function quietly<T>(listener: ((value: T) => void) | undefined): (value: T) => void {
  return (value) => {
    try {
      listener?.(value)
    } catch {}
  }
}
