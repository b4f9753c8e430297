import { setTimeout as pause } from 'node:timers/promises'
import { WaybillError } from '@waybill/core'
import type { FlagStore } from '@waybill/flags'
import { countedStore } from './counted-store.ts'
import { launchDarklyFeatureStore } from './feature-store.ts'
import { isLoss, type StoreWrite } from './flag-writing.ts'
import { type ClientOptions, fillingClient, type SyncMode } from './sdk-client.ts'
import { type TextSource, textFrom } from './text-source.ts'

export interface WatchOptions {
  /** Default: the environment variable `LAUNCHDARKLY_SDK_KEY`. Never logged. */
  readonly sdkKey?: TextSource
  readonly store: FlagStore
  /** Default `streaming`. */
  readonly mode?: SyncMode
  /** Between two polls. LaunchDarkly's SDK takes 30 at the least, which is the default. */
  readonly pollSeconds?: number
  readonly client?: ClientOptions
  /** Told of each write, and what became of it. */
  readonly onWrite?: (write: StoreWrite) => void
  /** Takes a line when something went wrong. Default `console.warn`. */
  readonly log?: (line: string) => void
  /** From 0 up to 1. */
  readonly random?: () => number
}

export interface LaunchDarklyWatch {
  /** Resolves when the store was filled for the first time, or the watch is closed. */
  readonly filled: Promise<void>
  /** Ends it; resolves when nothing is written any more. */
  close(): Promise<void>
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/**
 * Keeps a store filled for as long as the process runs, by a stream or by polling: for local work, and for containers. In
 * Lambda, which freezes what runs between two requests, use `syncHandler` and `webhookHandler`. What the store does not take
 * is not lost: the SDK starts anew, with everything, after a growing pause; so it does when LaunchDarkly refuses it. Throws
 * `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const watch = watchLaunchDarkly({ sdkKey: 'sdk-…', store })
 * await watch.filled
 * await watch.close()
 * ```
 */
export function watchLaunchDarkly(options: WatchOptions): LaunchDarklyWatch {
  const { store, mode = 'streaming', pollSeconds, client: clientOptions = {} } = options
  const { onWrite, log = console.warn, random = Math.random } = options
  if (pollSeconds !== undefined && !(pollSeconds >= 30)) {
    throw new WaybillError(
      'bad_option',
      `pollSeconds is ${pollSeconds}: LaunchDarkly's SDK polls every 30 s at the most`,
    )
  }
  const loadKey = textFrom("LaunchDarkly's SDK key", options.sdkKey, 'LAUNCHDARKLY_SDK_KEY')
  const closing = new AbortController()
  const filled = Promise.withResolvers<void>()
  let failures = 0

  /** One life of the SDK; ends with what was wrong, or when the watch is closed. */
  const live = async (): Promise<string> => {
    const sdkKey = await loadKey().catch(() => undefined)
    if (sdkKey === undefined) return 'the SDK key could not be loaded'
    const broken = Promise.withResolvers<string>()
    closing.signal.addEventListener('abort', () => broken.resolve('closed'), { once: true })
    if (closing.signal.aborted) return 'closed'
    const { featureStore, idle } = countedStore(
      launchDarklyFeatureStore(store, {
        onWrite: (write) => {
          if (isLoss(write)) broken.resolve(String(write.error))
          else if (write.operation === 'init') {
            failures = 0
            filled.resolve()
          }
          onWrite?.(write)
        },
      }),
    )
    const { client } = fillingClient({
      sdkKey,
      featureStore,
      mode,
      options: clientOptions,
      ...(pollSeconds === undefined ? {} : { pollSeconds }),
    })
    client.on('failed', (error: unknown) => broken.resolve(String(error)))
    try {
      return await broken.promise
    } finally {
      client.close()
      await idle()
    }
  }

  const watch = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const why = await live()
      if (closing.signal.aborted) break
      log(
        JSON.stringify({ level: 'WARN', message: `waybill: LaunchDarkly: ${why}`, code: 'launchdarkly_watch_broken' }),
      )
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + random() / 2)
      failures += 1
      await pause(pauseMs, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  const over = watch()
  return {
    filled: filled.promise,
    close: async () => {
      closing.abort()
      filled.resolve()
      await over
    },
  }
}
