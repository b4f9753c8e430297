import { launchDarklySync, type SyncOptions } from './sync.ts'
import { SyncError, type SyncReport } from './sync-report.ts'

/** What a handler needs of Lambda's context. */
export interface RemainingTime {
  getRemainingTimeInMillis(): number
}

/** Time to write the log line and to answer. */
const RESERVE_MS = 500

/** A run is to end before its function does: a function that times out says nothing. */
export function timeLeftMs(context: RemainingTime | undefined): number | undefined {
  const leftMs = context?.getRemainingTimeInMillis?.()
  return leftMs === undefined ? undefined : leftMs - RESERVE_MS
}

/**
 * A Lambda handler for a schedule: fills the store with what LaunchDarkly has, so that a webhook that was lost is late and
 * not lost. Returns the report; throws a `SyncError` when the run failed, so that Lambda counts an error and tries
 * again. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * export const handler = syncHandler({ sdkKey: () => getSecret('launchdarkly'), store })
 * ```
 */
export function syncHandler(options: SyncOptions): (event?: unknown, context?: RemainingTime) => Promise<SyncReport> {
  const sync = launchDarklySync(options)
  return async (_event, context) => {
    const report = await sync(timeLeftMs(context))
    if (report.code !== 'synced') throw new SyncError(report.code, report)
    return report
  }
}
