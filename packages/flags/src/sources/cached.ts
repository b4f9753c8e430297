import type { FlagSource, SourceAnswer } from '@waybill/core'
import { compileRuleset, type Ruleset } from '../ruleset.ts'
import type { FlagStore } from '../store.ts'

export interface CachedSourceOptions {
  /** How long data is fresh. Default 30. */
  readonly ttlSeconds?: number
  /** The share of the time to live by which each refresh is moved at random, so that environments spread. Default 0.2. */
  readonly jitter?: number
  /** The longest that a request waits for the store. Default 500. */
  readonly deadlineMs?: number
  /** Data older than this is no longer used; then the answer is `unavailable`. Default: no limit. */
  readonly maxStaleSeconds?: number
  readonly nowMs?: () => number
  /** From 0 up to 1. */
  readonly random?: () => number
}

/**
 * Makes a source of a store: one load per cold start, one at a time, the last known good data when the store fails.
 *
 * What blocks a request: the one that finds the data past its time to live waits for the refresh, for `deadlineMs` at most,
 * and is then answered from the last known good data (`stale`), or `unavailable` where there is none. After a failure the
 * next try is a time to live away, so a store that hangs costs one request per environment and time to live its deadline.
 * Refreshing behind the request's back would be of no use in Lambda, which freezes the environment when the response is
 * out. There is no timer: nothing keeps an environment awake, and one that was initialised hours before its first request
 * (provisioned concurrency), or restored from a snapshot, loads at that request like any other.
 *
 * @example
 * ```ts
 * const source = cachedSource(memoryStore(), { ttlSeconds: 15, deadlineMs: 300 })
 * await source.warm?.() // ahead of the first request
 * ```
 */
export function cachedSource(store: FlagStore, options: CachedSourceOptions = {}): FlagSource {
  const { ttlSeconds = 30, jitter = 0.2, deadlineMs = 500, maxStaleSeconds = Number.POSITIVE_INFINITY } = options
  const { nowMs = Date.now, random = Math.random } = options
  let ruleset: Ruleset | undefined
  let loadedAtMs = Number.NEGATIVE_INFINITY
  let dueAtMs = Number.NEGATIVE_INFINITY
  let failedSince = false
  let loading: Promise<void> | undefined

  const lifetimeMs = (): number => ttlSeconds * 1000 * (1 - jitter * random())

  const load = async (): Promise<void> => {
    const signal = AbortSignal.timeout(deadlineMs)
    try {
      const data = await withDeadline(store.readAll(signal), deadlineMs)
      failedSince = data === undefined
      if (data === undefined) return
      ruleset = compileRuleset(data)
      loadedAtMs = nowMs()
    } catch {
      failedSince = true
    } finally {
      dueAtMs = nowMs() + lifetimeMs()
      loading = undefined
    }
  }
  /** Single flight: whoever comes while a load is under way shares it. */
  const refresh = (): Promise<void> => {
    loading ??= load()
    return loading
  }

  const ageSeconds = (): number => (nowMs() - loadedAtMs) / 1000

  return {
    decide: (context, flags) => {
      const answer = (): SourceAnswer => {
        if (ruleset === undefined || ageSeconds() > maxStaleSeconds) return { status: 'unavailable' }
        const said = ruleset.answer(context, flags)
        return failedSince ? { ...said, status: 'stale' } : said
      }
      return nowMs() < dueAtMs ? answer() : refresh().then(answer)
    },
    warm: () => (nowMs() < dueAtMs ? Promise.resolve() : refresh()),
  }
}

/** The store may ignore its signal; the request must not wait for it all the same. */
async function withDeadline<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
