import { hash } from 'node:crypto'
import { toReevaluate } from '../honour.ts'
import type { Scope, ScopeSettings } from '../scope.ts'
import { recallsOf } from '../source.ts'
import { openToken } from '../token/open.ts'
import { madeAnew } from '../token/originals.ts'
import { DEFAULT_BUDGET_BYTES, MAX_TOKEN_BYTES, sealToken } from '../token/seal.ts'
import { type Waybill, waybillOf } from '../waybill.ts'
import { badOption } from './options.ts'
import { counted } from './reevaluate.ts'
import { refreshed } from './refresh.ts'
import { within } from './within.ts'

/**
 * Where the decisions of a request's first attempt are kept.
 *
 * @example
 * ```ts
 * const kept = new Map<string, string>()
 * const store: PinStore = {
 *   claim: async (key, token) => {
 *     const first = kept.get(key)
 *     if (first === undefined) kept.set(key, token)
 *     return first
 *   },
 * }
 * ```
 */
export interface PinStore {
  /**
   * Keeps `token` under `key` until `expiresAtSeconds`, unless one is kept there already: then resolves to that one. One
   * round trip. May reject: the request then goes on with its fresh decisions.
   */
  claim(key: string, token: string, expiresAtSeconds: number): Promise<string | undefined>
}

export interface PinOptions<E = never> {
  /**
   * What all attempts of one request have in common, and no other request has: an idempotency key, with the route where
   * functions share a store. `undefined`: this one is not pinned. It never reaches the store in clear.
   */
  readonly key: (event: E, lambdaContext: unknown) => string | undefined
  readonly store: PinStore
  /** How long after its first attempt a request may be repeated. */
  readonly ttlSeconds: number
  /** How long the store may take. Default 500; after that the request goes on with its fresh decisions. */
  readonly deadlineMs?: number
}

/** One attempt at a request, decided afresh. */
export interface Attempt<E> {
  readonly event: E
  readonly lambdaContext: unknown
  /** Without a subject nothing is pinned: it could be anybody's next time. */
  readonly subjectKey: string | undefined
  readonly fresh: Waybill
  readonly settings: ScopeSettings
  readonly scope: Pick<Scope, 'count'>
  readonly nowSeconds: number
}

/** Made by {@link pinDecisions}. */
export interface PinPolicy<E = never> {
  /** The waybill of the first attempt, or the fresh one. Never rejects; `undefined`: not to be pinned. */
  settle(attempt: Attempt<E>): Promise<Waybill> | undefined
}

/**
 * The option `pin` of an edge function: a retried POST, an asynchronous retry or a durable replay gets the decisions of
 * its first attempt, for as long as they are in the store. Recalls and the flags' own ages hold for them as for all that
 * arrive. Whatever goes wrong is counted, and the request goes on with its fresh decisions. Throws `bad_option`.
 *
 * @example
 * ```ts
 * const store: PinStore = { claim: async () => undefined }
 * const pin = pinDecisions({
 *   key: (event: { headers: Record<string, string> }) => event.headers['idempotency-key'],
 *   store,
 *   ttlSeconds: 86_400,
 * })
 * ```
 */
export function pinDecisions<E>(options: PinOptions<E>): PinPolicy<E> {
  const { key, store, ttlSeconds, deadlineMs = 500 } = options
  if (typeof key !== 'function') throw badOption('pinDecisions', 'key', 'a function of the event')
  if (typeof store?.claim !== 'function') throw badOption('pinDecisions', 'store', 'a pin store')
  if (!(Number.isInteger(ttlSeconds) && ttlSeconds > 0)) {
    throw badOption('pinDecisions', 'ttlSeconds', 'a whole number of seconds')
  }
  if (!(deadlineMs > 0)) throw badOption('pinDecisions', 'deadlineMs', 'positive')

  return {
    settle: (attempt) => {
      const { fresh, settings, subjectKey, scope, nowSeconds } = attempt
      if (subjectKey === undefined) return undefined
      let known: string | undefined
      try {
        known = key(attempt.event, attempt.lambdaContext)
      } catch {
        scope.count('pin_failed')
        return undefined
      }
      if (typeof known !== 'string' || known === '') return undefined
      const token = wholeToken(fresh, settings)
      if (token === undefined) {
        scope.count('pin_failed')
        return undefined
      }
      const expiresAtSeconds = nowSeconds + ttlSeconds
      const claim = async (name: string): Promise<string | undefined> => store.claim(name, token, expiresAtSeconds)
      const kept = within(deadlineMs, claim(storeKey(fresh.subject ?? subjectKey, known)))
      return kept
        .then((first) => (first === undefined ? fresh : pinned(first, attempt)))
        .catch(() => {
          scope.count('pin_failed')
          return fresh
        })
    },
  }
}

/** All decisions or none: half a set would be another one. */
function wholeToken(waybill: Waybill, { keys, audience }: ScopeSettings): string | undefined {
  const options = audience === undefined ? {} : { audience }
  const { token, shedCount } = sealToken(waybill, keys, { ...options, maxBytes: MAX_TOKEN_BYTES })
  return shedCount === 0 ? token : undefined
}

/**
 * One key for one subject's request, and nothing of either in clear. With the subject in it, nobody can occupy the key
 * of somebody else's request: clients make up idempotency keys.
 */
function storeKey(subject: string, key: string): string {
  return hash('sha256', JSON.stringify(['waybill:pin:1', subject, key]), 'base64url')
}

/** What was kept, verified like anything that arrives: a table is no more to be trusted than a queue. */
async function pinned(kept: string, { fresh, settings, scope, nowSeconds }: Attempt<unknown>): Promise<Waybill> {
  const expectations = settings.audience === undefined ? {} : { audience: settings.audience }
  let opened = openToken(kept, settings.keys, expectations)
  if ('refusal' in opened && opened.refusal === 'unknown_key') {
    await refreshed(settings, [kept])
    opened = openToken(kept, settings.keys, expectations)
  }
  if ('refusal' in opened) {
    scope.count(opened.refusal)
    return fresh
  }
  const { waybill } = opened
  if (waybill.subject !== fresh.subject) {
    scope.count('wrong_subject')
    return fresh
  }
  scope.count('pinned')
  const flags = toReevaluate(settings.flags, waybill, nowSeconds, recallsOf(settings.recalls))
  if (flags.length > 0) {
    const anew = flags.flatMap(({ key }) => fresh.decisions.get(key) ?? [])
    return madeAnew(
      waybill,
      counted(anew, (code) => scope.count(code)),
    )
  }
  // Kept whole, but sent on as small as at the first attempt.
  const budget = settings.budgetBytes ?? DEFAULT_BUDGET_BYTES
  return kept.length > budget ? waybillOf(waybill.decisions, waybill.subject, waybill.droppedCount) : waybill
}
