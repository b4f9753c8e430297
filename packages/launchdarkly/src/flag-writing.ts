import {
  type interfaces,
  type LDFeatureStore,
  type LDFeatureStoreDataStorage,
  PersistentDataStoreWrapper,
} from '@launchdarkly/node-server-sdk'
import { FlagDataError, type FlagSet, type FlagStore, type ItemKind, type StoredItem } from '@waybill/flags'

/** One write by LaunchDarkly's SDK, and what became of it. */
export type StoreWrite = InitWrite | UpsertWrite

export interface InitWrite {
  readonly operation: 'init'
  /** What LaunchDarkly holds. */
  readonly data: FlagSet
  /**
   * `not_owner`, `item_too_large`, `bad_flag_data`: what its `keys` name was not written, the rest was. `store_unavailable`:
   * some of it may have been; the next `init` repairs it.
   */
  readonly error?: FlagDataError
}

export interface UpsertWrite {
  readonly operation: 'upsert'
  readonly kind: ItemKind
  readonly item: StoredItem
  readonly error?: FlagDataError
}

/** Whether a write left something undone that the store would take: all else is refused, and will be again. */
export function isLoss({ operation, error }: StoreWrite): boolean {
  if (error?.code === 'bad_flag_data') return operation === 'init' && error.keys.length === 0
  return error?.code === 'store_unavailable'
}

type Written = (write: StoreWrite) => void

const EMPTY: FlagSet = { flags: {}, segments: {} }

/** The half of a feature store that the SDK writes to. What it is called back with says nothing of failures: `onWrite` does. */
export function flagWriting(store: FlagStore, onWrite: Written): Pick<LDFeatureStore, 'init' | 'upsert' | 'close'> {
  const pipeline = store.as('launchdarkly')
  // Serialises, and keeps the order. Without a cache: it would hold what the store refused.
  const serializing = new PersistentDataStoreWrapper(persistence(pipeline, onWrite), 0)
  return {
    init: (allData, done) => {
      const error = faultOf(allData)
      if (error === undefined) return serializing.init(bothKinds(allData), done)
      onWrite({ operation: 'init', data: EMPTY, error })
      done(error)
    },
    upsert: (kind, item, done) => serializing.upsert(kind, item, done),
    close: () => serializing.close(),
  }
}

function persistence(pipeline: FlagStore, onWrite: Written): interfaces.PersistentDataStore {
  return {
    init: (allData, done) => {
      const data = setOf(allData)
      void failureOf(pipeline.init(data)).then((error) => {
        onWrite({ operation: 'init', data, ...(error && { error }) })
        done(error)
      })
    },
    upsert: (kind, _key, { serializedItem = '' }, done) => {
      const write = { operation: 'upsert', kind: kindOf(kind), item: parsed(serializedItem) } as const
      void failureOf(pipeline.upsert(write.kind, write.item)).then((error) => {
        onWrite({ ...write, ...(error && { error }) })
        done(error)
      })
    },
    // Nobody reads here.
    get: (_kind, _key, done) => done(undefined),
    getAll: (_kind, done) => done([]),
    initialized: (done) => done(false),
    close: () => {},
    getDescription: () => 'Waybill',
  }
}

/** An answer without flags is no order to delete them all: a proxy's page parses as JSON, too. */
function faultOf(allData: LDFeatureStoreDataStorage): FlagDataError | undefined {
  const flags: unknown = allData['features']
  if (typeof flags === 'object' && flags !== null && !Array.isArray(flags)) return undefined
  return new FlagDataError('bad_flag_data', 'LaunchDarkly answered without flags: nothing was written')
}

function bothKinds(allData: LDFeatureStoreDataStorage): LDFeatureStoreDataStorage {
  return { features: allData['features'] ?? {}, segments: allData['segments'] ?? {} }
}

function setOf(allData: interfaces.KindKeyedStore<interfaces.PersistentStoreDataKind>): FlagSet {
  const of = (kind: ItemKind): Readonly<Record<string, StoredItem>> =>
    Object.fromEntries(
      allData
        .filter(({ key }) => key.namespace === kind)
        .flatMap(({ item: items }) => items)
        .map(({ key, item }) => [key, parsed(item.serializedItem ?? '')]),
    )
  return { flags: of('features'), segments: of('segments') }
}

function parsed(serialized: string): StoredItem {
  return JSON.parse(serialized) as StoredItem
}

function kindOf({ namespace }: interfaces.PersistentStoreDataKind): ItemKind {
  return namespace === 'segments' ? 'segments' : 'features'
}

async function failureOf(write: Promise<unknown>): Promise<FlagDataError | undefined> {
  try {
    await write
    return undefined
  } catch (error) {
    if (error instanceof FlagDataError) return error
    return new FlagDataError('store_unavailable', `the flag store failed: ${String(error)}`, { cause: error })
  }
}
