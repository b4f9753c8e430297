import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FlagSet, FlagStore } from '@waybill/flags'
import { countedStore } from './counted-store.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { launchDarklyFeatureStore } from './feature-store.ts'
import { type InitWrite, isLoss, type StoreWrite } from './flag-writing.ts'
import { type ClientOptions, fillingClient, type SyncMode } from './sdk-client.ts'
import type { Flight } from './single-flight.ts'
import { changesBetween, givenIn, refusedIn, type SyncFailure, type SyncReport } from './sync-report.ts'

export interface SyncRun {
  readonly sdkKey: () => Promise<string | undefined>
  readonly store: FlagStore
  readonly mode: SyncMode
  readonly client: ClientOptions
  readonly limitMs: number
}

export type Outcome = Omit<SyncReport, 'durationMs'>

/** What ends a run early. */
class Ended extends Error {
  readonly code: SyncFailure

  constructor(code: SyncFailure, message: string) {
    super(message)
    this.code = code
  }
}

/** Lets the SDK fill the store once. `landed` never rejects; `cleared` comes when the store is left alone, at last. */
export function startSyncRun(run: SyncRun): Flight<Outcome> {
  const deadline = startDeadline(run.limitMs)
  const writes: StoreWrite[] = []
  const filled = Promise.withResolvers<InitWrite>()
  const { featureStore, isWriting, idle } = countedStore(
    launchDarklyFeatureStore(run.store, {
      onWrite: (write) => {
        writes.push(write)
        if (write.operation === 'init') filled.resolve(write)
      },
    }),
  )
  const late = (code: SyncFailure) => () => new Ended(code, `not done within ${run.limitMs} ms`)

  const fill = async (sdkKey: string): Promise<void> => {
    const { client, complaint } = fillingClient({ sdkKey, featureStore, mode: run.mode, options: run.client })
    try {
      // Ready says that the store was called, not that it was written: only `filled` knows that.
      const ready = client.waitForInitialization({ timeout: run.limitMs / 1000 }).then(
        () => filled.promise,
        (error: unknown) => {
          throw deadline.signal.aborted ? late('launchdarkly_timeout')() : refusalOf(error)
        },
      )
      await deadline.within(Promise.race([filled.promise, ready]), () => {
        if (isWriting()) return late('store_timeout')()
        const why = complaint()
        return why === undefined ? late('launchdarkly_timeout')() : new Ended('launchdarkly_timeout', why)
      })
      // What LaunchDarkly changed while the store was being filled has arrived by now, and waits in the SDK's queue.
      await nextTurn()
      await deadline.within(idle(), late('store_timeout'))
    } finally {
      client.close()
    }
  }

  const land = async (): Promise<Outcome> => {
    try {
      const sdkKey = await deadline.within(
        run.sdkKey().catch(() => undefined),
        late('sdk_key_unavailable'),
      )
      if (sdkKey === undefined) throw new Ended('sdk_key_unavailable', 'the SDK key could not be loaded')
      const before = await read(run.store, deadline, late('store_timeout'))
      await fill(sdkKey)
      refuseLosses(writes)
      const { notOwned, unwritten } = await deadline.within(refusedIn(writes, run.store), late('store_timeout'))
      const after = await read(run.store, deadline, late('store_timeout'))
      const given = givenIn(writes)
      const left = new Set([...notOwned, ...unwritten])
      const changes = changesBetween(before, after, (key, isThere) => (given.has(key) ? !left.has(key) : !isThere))
      return { code: 'synced', changes, notOwned, unwritten }
    } catch (error) {
      const { code, message } = error instanceof Ended ? error : new Ended('store_unavailable', messageOf(error))
      return { code, changes: [], notOwned: [], unwritten: [], message }
    } finally {
      deadline.end()
      featureStore.close()
    }
  }

  const landed = land()
  return { landed, cleared: landed.then(idle) }
}

function read(store: FlagStore, deadline: Deadline, late: () => Error): Promise<FlagSet | undefined> {
  return deadline.within(store.readAll(deadline.signal), late)
}

/** What was not written, and can only be by another run. */
function refuseLosses(writes: readonly StoreWrite[]): void {
  for (const write of writes) {
    if (!isLoss(write)) continue
    const code = write.error?.code === 'bad_flag_data' ? 'launchdarkly_bad_answer' : 'store_unavailable'
    throw new Ended(code, messageOf(write.error))
  }
}

function refusalOf(error: unknown): Ended {
  const isBadAnswer = error instanceof Error && 'kind' in error && error.kind === 'INVALID_DATA'
  return new Ended(isBadAnswer ? 'launchdarkly_bad_answer' : 'launchdarkly_refused', messageOf(error))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
