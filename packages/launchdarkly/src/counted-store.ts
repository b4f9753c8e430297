import type { LDFeatureStore } from '@launchdarkly/node-server-sdk'

export interface CountedStore {
  readonly featureStore: LDFeatureStore
  /** Writes that the SDK has handed over and not been called back for, those in its queue included. */
  isWriting(): boolean
  /** Resolves when there are none. */
  idle(): Promise<void>
}

/** Knows when all that the SDK wanted to write is written: the SDK itself closes without waiting for it. */
export function countedStore(store: LDFeatureStore): CountedStore {
  let writes = 0
  const waiting: (() => void)[] = []
  const counted = <T extends readonly unknown[]>(done: (...said: T) => void) => {
    writes += 1
    return (...said: T): void => {
      writes -= 1
      if (writes === 0) for (const resolve of waiting.splice(0)) resolve()
      done(...said)
    }
  }
  return {
    featureStore: {
      ...store,
      init: (allData, done) => store.init(allData, counted(done)),
      upsert: (kind, item, done) => store.upsert(kind, item, counted(done)),
      delete: (kind, key, version, done) => store.delete(kind, key, version, counted(done)),
    },
    isWriting: () => writes > 0,
    idle: async () => {
      if (writes > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}
