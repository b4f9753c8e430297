/** The same functions, with the one mistake that their test is for: a scope kept in a module, not in the async context. */
let current: unknown
Object.assign(globalThis, {
  [Symbol.for('@waybill/scope@1')]: {
    getStore: () => current,
    enterWith: (scope: unknown) => {
      current = scope
    },
    run: (scope: unknown, fn: () => unknown) => {
      current = scope
      return fn()
    },
  },
})

const { wrappedEdge, middyEdge, wrappedInner, middyInner, unwrapped } = await import('./isolation.ts')

export { middyEdge, middyInner, unwrapped, wrappedEdge, wrappedInner }
