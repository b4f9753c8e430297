import { expect, test } from 'vitest'

test('a scope that was global to the module would be noticed', async () => {
  let current: unknown
  const global = {
    getStore: () => current,
    enterWith: (scope: unknown) => {
      current = scope
    },
    run: (scope: unknown, fn: () => unknown) => {
      current = scope
      return fn()
    },
  }
  // Core shares its storage under this symbol, and takes one that is there already.
  Object.assign(globalThis, { [Symbol.for('@waybill/scope@1')]: global })
  const { mixedInvocations } = await import('./interleaved.ts')
  expect(await mixedInvocations()).not.toEqual([])
})
