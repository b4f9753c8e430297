import type { MiddlewareObj } from '@middy/core'
import { type EdgeOptions, type EventOrRecord, edgeLifecycle } from '@waybill/core'
import { enter } from './enter.ts'

/**
 * For the first function of a call chain: decides all declared flags once, ahead of the handler, for all that follow.
 * Use it before the middlewares that read flags or send messages. Throws `bad_option` at set-up, nothing in a request.
 *
 * Middy answers for a handler 5 ms ahead of Lambda's time-out, and the handler runs on, on declared defaults, counted as
 * `scope_closed`: make it with `middy(handler, { timeoutEarlyInMillis: 0 })`, so that a time-out ends it.
 *
 * A middleware that answers in its own `before` makes Middy skip ours on the way out. Such a request is reported as
 * `early_return` when the next one comes; the full cure is `withEvaluatedFlags` of `@waybill/core` around the whole.
 *
 * @example
 * ```ts
 * export const handler = middy(async () => ({ statusCode: 200, body: String(flags.get('new-order-flow')) })).use(
 *   evaluateFlags({ flags, source, keys, context: (event: { userId: string }) => ({ key: event.userId }) }),
 * )
 * ```
 */
export function evaluateFlags<E = unknown>(options: EdgeOptions<E>): MiddlewareObj<E>
/** In a batch each record is decided in its own scope (`withRecordScope`): `context` then takes a record. */
export function evaluateFlags<E>(options: EdgeOptions<EventOrRecord<E>>): MiddlewareObj<E>
export function evaluateFlags<E>(options: EdgeOptions<never>): MiddlewareObj<E> {
  return enter<E>(edgeLifecycle(options))
}
