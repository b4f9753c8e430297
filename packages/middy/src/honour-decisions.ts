import type { MiddlewareObj } from '@middy/core'
import { type InnerOptions, innerLifecycle } from '@waybill/core'
import { enter } from './enter.ts'

/**
 * For every other function of a call chain: what was decided at the edge holds here too. The handler, and middlewares
 * after this one (parsers, validators, idempotency), see the event without its token. In a batch each record's own
 * handler goes into `withRecordScope`. Throws `bad_option` at set-up; in a request only where `undecided` or `onRefused`
 * says `throw`.
 *
 * Middy answers for a handler 5 ms ahead of Lambda's time-out, and the handler runs on, on declared defaults, counted as
 * `scope_closed`: make it with `middy(handler, { timeoutEarlyInMillis: 0 })`, so that a time-out ends it.
 *
 * A middleware that answers in its own `before` makes Middy skip ours on the way out. Such a request is reported as
 * `early_return` when the next one comes; the full cure is `withHonouredDecisions` of `@waybill/core` around the whole.
 *
 * @example
 * ```ts
 * export const handler = middy(async (event: { Records: { body: string }[] }) => {
 *   await Promise.all(event.Records.map((record) => onRecord(record)))
 * }).use(honourDecisions({ flags, keys }))
 *
 * const onRecord = withRecordScope(async (record: { body: string }) => flags.get('new-order-flow'))
 * ```
 */
export function honourDecisions(options: InnerOptions): MiddlewareObj {
  return enter(innerLifecycle(options))
}
