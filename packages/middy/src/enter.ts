import type { MiddlewareObj, Request } from '@middy/core'
import { type Outcome, type Passage, scopeStorage } from '@waybill/core'

/** Opens one invocation's passage: core's lifecycles. */
type Open = (event: unknown, lambdaContext: unknown) => Passage

/** Skins a lifecycle as a Middy middleware. One passage per request; where it goes wrong, the request goes on. */
export function enter<E>(open: Open): MiddlewareObj<E> {
  const passages = new Map<Request<E>, Passage>()

  const finish = (request: Request<E>, outcome: Outcome): Passage | undefined => {
    const passage = passages.get(request)
    passages.delete(request)
    passage?.end(outcome)
    return passage
  }

  /**
   * Middy skips `after` and `onError` once a middleware has answered for the others, and `onError` once one of them has
   * thrown. Nobody tells us, so what such a request left open is closed by the next one. A request that is still
   * running has neither an answer nor an error: concurrent invocations leave each other alone.
   */
  const closeLeftOvers = (): void => {
    for (const [request, passage] of passages) {
      if (request.error !== undefined && request.error !== null) finish(request, outcomeOf(request))
      else if ('earlyResponse' in request) {
        passage.scope.count('early_return')
        finish(request, 'early_return')
      }
    }
  }

  return {
    before: (request) => {
      closeLeftOvers()
      const passage = open(request.event, request.context)
      passages.set(request, passage)
      // Before our first await: what is entered after it does not reach the handler.
      scopeStorage.enterWith(passage.scope)
      request.event = passage.event as E
      // A promise or undefined: Middy takes a value for an early response.
      return passage.prepare()
    },
    after: (request) => flushed(finish(request, { response: request.response })),
    onError: (request) => flushed(finish(request, outcomeOf(request))),
  }
}

/** Waits for what observers still write: the environment may freeze next. To Middy any value would be a response. */
function flushed(passage: Passage | undefined): Promise<undefined> | undefined {
  return passage?.flush?.()?.then(() => undefined)
}

/**
 * An error with a client's status is an answer: `@middy/http-error-handler` makes a response of it, but on one side of us
 * only after we were asked (https://middy.js.org/docs/middlewares/http-error-handler).
 */
function outcomeOf({ response, error }: { readonly response: unknown; readonly error: unknown }): Outcome {
  if (response !== undefined) return { response }
  const { statusCode, expose } = (error ?? {}) as { readonly statusCode?: unknown; readonly expose?: unknown }
  const isAnswer = typeof statusCode === 'number' && statusCode < 500 && expose !== false
  return isAnswer ? { response: { statusCode } } : { error }
}
