import { middyEdge, middyInner, unwrapped, wrappedEdge, wrappedInner } from './isolation.ts'

/** One function that is any of the others: so that one process serves a scoped invocation, then an unscoped one. */
const functions = { middyEdge, middyInner, unwrapped, wrappedEdge, wrappedInner }

export const choose = (event: { handler: keyof typeof functions }, context: object): unknown =>
  (functions[event.handler] as (event: object, context: object) => unknown)(event, context)
