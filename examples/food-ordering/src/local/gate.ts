import type { LambdaHost } from '@waybill/local'

/** A way to a Lambda host that can be closed for a while: what wants to pass waits, as behind a slow shard. */
export interface Gate {
  readonly host: LambdaHost
  close(): void
  open(): void
}

export function gateBefore(host: LambdaHost): Gate {
  let waiting: { readonly opened: Promise<void>; readonly open: () => void } | undefined
  return {
    host: {
      ...host,
      invoke: async (...args) => {
        await waiting?.opened
        return host.invoke(...args)
      },
    },
    close: () => {
      if (waiting !== undefined) return
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting = { opened: promise, open: resolve }
    },
    open: () => {
      waiting?.open()
      waiting = undefined
    },
  }
}
