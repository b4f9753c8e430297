import { WaybillError } from '@waybill/core'
import type { FlagStore } from '@waybill/flags'
import type { ClientOptions, SyncMode } from './sdk-client.ts'
import { type Flight, type SingleFlight, singleFlight } from './single-flight.ts'
import { logLine, type SyncReport } from './sync-report.ts'
import { startSyncRun } from './sync-run.ts'
import { type TextSource, textFrom } from './text-source.ts'

export interface SyncOptions {
  /** The SDK key of the environment. Default: the environment variable `LAUNCHDARKLY_SDK_KEY`. Never logged. */
  readonly sdkKey?: TextSource
  /** What is filled: one store, or prefix of a table, for one LaunchDarkly environment. */
  readonly store: FlagStore
  /** The longest that a run takes, LaunchDarkly and the store together. Default 10,000. */
  readonly deadlineMs?: number
  /** Default `streaming`, which also brings what changes while the store is being written. */
  readonly mode?: SyncMode
  readonly client?: ClientOptions
  /** Takes the one line of each run. Default `console.log`. */
  readonly log?: (line: string) => void
  readonly nowMs?: () => number
}

/** A run, or a share in the one that comes next. `withinMs` shortens the deadline. Never rejects. */
export type Sync = (withinMs?: number) => Promise<SyncReport>

/** By store: whatever handlers a process has on one, only one of them writes at a time. */
const flights = new WeakMap<FlagStore, SingleFlight<SyncReport>>()

/**
 * Fills a store with what LaunchDarkly has, by letting its own SDK initialise against the store, and closes the SDK again.
 * One run at a time per store: whoever calls during a run gets the result of one more. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const sync = launchDarklySync({ sdkKey: () => getSecret('launchdarkly'), store })
 * const { code, changes } = await sync()
 * ```
 */
export function launchDarklySync(options: SyncOptions): Sync {
  const { store, deadlineMs = 10_000, mode = 'streaming', client = {}, log = console.log, nowMs = Date.now } = options
  if (!(deadlineMs > 0)) throw new WaybillError('bad_option', `deadlineMs is ${deadlineMs}: it must be above 0`)
  const sdkKey = textFrom("LaunchDarkly's SDK key", options.sdkKey, 'LAUNCHDARKLY_SDK_KEY')
  const flight = flights.get(store) ?? singleFlight<SyncReport>()
  flights.set(store, flight)

  return async (withinMs = deadlineMs) => {
    const limitMs = Math.max(1, Math.min(withinMs, deadlineMs))
    const report = await flight.join(fly, limitMs)
    if (report !== 'busy') return report
    const message = `another sync did not end within ${limitMs} ms`
    return { code: 'busy', changes: [], notOwned: [], unwritten: [], durationMs: limitMs, message }

    function fly(runMs: number): Flight<SyncReport> {
      const startedAtMs = nowMs()
      const { landed, cleared } = startSyncRun({ sdkKey, store, mode, client, limitMs: Math.ceil(runMs) })
      return {
        cleared,
        landed: landed.then((outcome) => {
          const done = { ...outcome, durationMs: Math.round(nowMs() - startedAtMs) }
          log(logLine(done))
          return done
        }),
      }
    }
  }
}
