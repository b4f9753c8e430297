import type { FlagSource, SourceAnswer } from '@waybill/core'
import { compileRuleset, type Ruleset } from '../ruleset.ts'
import type { FlagReader, FlagSnapshot, StoreMeta } from '../store.ts'
import { withDeadline } from './deadline.ts'

export interface CachedSourceOptions {
  /** How long data is fresh. Default 30. */
  readonly ttlSeconds?: number
  /** The share of the time to live by which each refresh is moved at random, so that environments spread. Default 0.2. */
  readonly jitter?: number
  /** The longest that a request waits for the store. Default 500. */
  readonly deadlineMs?: number
  /** Data older than this is no longer used; then the answer is `unavailable`. Default: no limit. */
  readonly maxStaleSeconds?: number
  /**
   * How long an unchanged meta is believed before everything is read again: a writer that was killed after its flag and
   * before its meta would otherwise go unseen. Default 900.
   */
  readonly recheckSeconds?: number
  readonly nowMs?: () => number
  /** From 0 up to 1. */
  readonly random?: () => number
}

const FIRST_RETRY_MS = 1000
const NEVER_MS = Number.NEGATIVE_INFINITY

interface Loading {
  readonly startedAtMs: number
  done: Promise<void>
}

/**
 * Makes a source of a store: one load per cold start, one at a time, the last known good data when the store fails.
 *
 * What blocks a request: the one that finds the data past its time to live waits for the refresh, for `deadlineMs` at most;
 * those that come meanwhile wait with it. It is then answered from the last known good data (`stale`), or `unavailable`
 * where there is none. After a failure the next try is a second away, then two, four, up to a time to live: a store that
 * hangs costs an environment one deadline each time, and one that is back is seen soon. All other requests are answered
 * without a promise. Where the store has `readMeta`, a refresh reads that alone until it changes.
 *
 * Refreshing behind the request's back would be of no use in Lambda, which freezes the environment when the response is
 * out. There is no timer but the deadline of a load under way: nothing keeps an environment awake. One that was initialised
 * hours before its first request (provisioned concurrency) refreshes at that request, as any other past its time to live:
 * for a store with `readMeta` that is one small read. One restored from a snapshot (SnapStart) may have a clock that jumped
 * ahead, which is the same, or back, which is taken for expiry; connections that did not survive the snapshot cost that
 * request at most `deadlineMs`.
 *
 * @example
 * ```ts
 * const source = cachedSource(memoryStore(), { ttlSeconds: 15, deadlineMs: 300 })
 * await source.warm?.() // ahead of the first request
 * ```
 */
export function cachedSource(store: FlagReader, options: CachedSourceOptions = {}): FlagSource {
  const { ttlSeconds = 30, jitter = 0.2, deadlineMs = 500, maxStaleSeconds = Number.POSITIVE_INFINITY } = options
  const { recheckSeconds = 900, nowMs = Date.now, random = Math.random } = options
  const ttlMs = ttlSeconds * 1000
  let ruleset: Ruleset | undefined
  /** What the ruleset was compiled of, where the store says so. */
  let meta: StoreMeta | undefined
  let readAtMs = NEVER_MS
  let confirmedAtMs = NEVER_MS
  let dueAtMs = NEVER_MS
  let triedAtMs = NEVER_MS
  let fluxSinceMs: number | undefined
  let failures = 0
  let loading: Loading | undefined

  const spread = (durationMs: number): number => durationMs * (1 - jitter * random())

  const isUnchanged = async (signal: AbortSignal): Promise<boolean> => {
    if (meta === undefined || store.readMeta === undefined || nowMs() - readAtMs >= recheckSeconds * 1000) return false
    return (await store.readMeta(signal))?.digest === meta.digest
  }

  /** Half of a change is no change to decide on, but a writer that was killed must not hold up the next ones for ever. */
  const isToWaitFor = ({ inFlux = false }: FlagSnapshot): boolean => {
    fluxSinceMs = inFlux ? (fluxSinceMs ?? nowMs()) : undefined
    return ruleset !== undefined && fluxSinceMs !== undefined && nowMs() - fluxSinceMs < ttlMs
  }

  /** `confirmed`: the ruleset is what the store has. */
  const read = async (signal: AbortSignal): Promise<'confirmed' | FlagSnapshot | undefined> =>
    (await isUnchanged(signal)) ? 'confirmed' : store.readAll(signal)

  const take = (found: 'confirmed' | FlagSnapshot | undefined): boolean => {
    if (found === undefined) return false
    if (found !== 'confirmed') {
      if (isToWaitFor(found)) return false
      if (ruleset === undefined || found.meta === undefined || found.meta.digest !== meta?.digest) {
        ruleset = compileRuleset(found)
      }
      meta = found.meta
      readAtMs = nowMs()
    }
    confirmedAtMs = nowMs()
    return true
  }

  const load = async (own: () => boolean): Promise<void> => {
    let taken = false
    try {
      const found = await withDeadline(read, deadlineMs)
      taken = own() && take(found)
    } catch {
      // What went wrong is the store's to say, and an operator's to see; here it is an answer: stale, or unavailable.
    }
    if (!own()) return
    failures = taken ? 0 : failures + 1
    triedAtMs = nowMs()
    dueAtMs = triedAtMs + spread(taken ? ttlMs : Math.min(ttlMs, FIRST_RETRY_MS * 2 ** (failures - 1)))
    loading = undefined
  }
  /**
   * Single flight: whoever comes while a load is under way shares it. But not one that is past its deadline already: it was
   * frozen with the environment (a `warm` that nobody awaited), and would fail its first request.
   */
  const refresh = (): Promise<void> => {
    if (loading === undefined || nowMs() - loading.startedAtMs > deadlineMs) {
      const next: Loading = { startedAtMs: nowMs(), done: Promise.resolve() }
      loading = next
      next.done = load(() => loading === next)
    }
    return loading.done
  }

  const isFresh = (): boolean => {
    const now = nowMs()
    return now < dueAtMs && now >= triedAtMs
  }
  const answer = (...[context, flags]: Parameters<FlagSource['decide']>): SourceAnswer => {
    if (ruleset === undefined || nowMs() - confirmedAtMs > maxStaleSeconds * 1000) return { status: 'unavailable' }
    const said = ruleset.answer(context, flags)
    return failures > 0 ? { ...said, status: 'stale' } : said
  }

  return {
    decide: (context, flags) => (isFresh() ? answer(context, flags) : refresh().then(() => answer(context, flags))),
    warm: () => (isFresh() ? Promise.resolve() : refresh()),
  }
}
