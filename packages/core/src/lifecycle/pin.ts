import type { ScopeSettings } from '../scope.ts'
import type { Waybill } from '../waybill.ts'

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
  /** How long the store may take. Default 300; after that the request goes on with its fresh decisions. */
  readonly deadlineMs?: number
}

/** One attempt at a request, decided afresh. */
export interface Attempt<E> {
  readonly event: E
  readonly lambdaContext: unknown
  readonly subjectKey: string
  readonly fresh: Waybill
  readonly settings: ScopeSettings
  count(code: 'pinned' | 'pin_failed'): void
}

/** Made by {@link pinDecisions}. */
export interface PinPolicy<E = never> {
  /** The waybill of the first attempt, or the fresh one. Never rejects; `undefined`: not to be pinned. */
  settle(attempt: Attempt<E>): Promise<Waybill> | undefined
}

/**
 * The option `pin` of an edge function: a retried POST, an asynchronous retry or a durable replay gets the decisions of
 * its first attempt. Throws `bad_option`.
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
export function pinDecisions<E>(_options: PinOptions<E>): PinPolicy<E> {
  return { settle: () => undefined }
}
