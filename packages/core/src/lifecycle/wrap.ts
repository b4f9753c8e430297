import { type Passage, scopeStorage } from '../scope.ts'
import { type EdgeOptions, type EventOrRecord, edgeLifecycle } from './edge.ts'
import { type InnerOptions, innerLifecycle } from './inner.ts'

/**
 * Wraps any edge handler: decides all declared flags once, runs the handler in their scope, reports, closes. Unlike a
 * Middy middleware it also sees the handlers of middlewares that return early. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const handler = withEvaluatedFlags(async () => flags.get('new-order-flow'), {
 *   flags, source, keys, context: (event: { userId?: string }) => event.userId ? { key: event.userId } : undefined,
 * })
 * ```
 */
export function withEvaluatedFlags<E, Rest extends readonly unknown[], R>(
  handler: (event: E, ...rest: Rest) => R | Promise<R>,
  options: EdgeOptions<E>,
): (event: E, ...rest: Rest) => Promise<R>
/** In a batch each record is decided in its own scope (`withRecordScope`): `context` then takes a record. */
export function withEvaluatedFlags<E, Rest extends readonly unknown[], R>(
  handler: (event: E, ...rest: Rest) => R | Promise<R>,
  options: EdgeOptions<EventOrRecord<E>>,
): (event: E, ...rest: Rest) => Promise<R>
export function withEvaluatedFlags<E, Rest extends readonly unknown[], R>(
  handler: (event: E, ...rest: Rest) => R | Promise<R>,
  options: EdgeOptions<never>,
): (event: E, ...rest: Rest) => Promise<R> {
  const enter = edgeLifecycle(options)
  return (event, ...rest) => through(enter(event, rest[0]), (clean) => handler(clean as E, ...rest))
}

/**
 * Wraps any inner handler: what the event carried is honoured in it. Around a batch, each record's own handler goes into
 * `withRecordScope`. Throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * const handler = withHonouredDecisions(async () => flags.get('new-order-flow'), { flags, keys })
 * ```
 */
export function withHonouredDecisions<E, Rest extends readonly unknown[], R>(
  handler: (event: E, ...rest: Rest) => R | Promise<R>,
  options: InnerOptions,
): (event: E, ...rest: Rest) => Promise<R> {
  const enter = innerLifecycle(options)
  return (event, ...rest) => through(enter(event, rest[0]), (clean) => handler(clean as E, ...rest))
}

/** Prepares, runs and ends one passage inside its scope. `flushes`: the environment may freeze when it is over. */
export function through<R>(passage: Passage, run: (event: unknown) => R | Promise<R>, flushes = true): Promise<R> {
  return scopeStorage.run(passage.scope, async () => {
    try {
      const preparing = passage.prepare()
      if (preparing !== undefined) await preparing
      const response = await passage.around(() => run(passage.event))
      passage.end({ response })
      return response
    } catch (error) {
      passage.end({ error })
      throw error
    } finally {
      const flushing = flushes ? passage.flush?.() : undefined
      if (flushing !== undefined) await flushing
    }
  })
}
