import { ambientScope, type Stamper } from '../scope.ts'

const BOUND = Symbol.for('@waybill/bound@1')

/**
 * Binds an entry to the waybill that is current now, for producers that buffer: when the buffer is flushed, the entry is
 * stamped with its own decisions, not with those of whoever flushes. Returns a copy; keep that. Outside a scope the entry
 * is bound to none and will go unstamped.
 *
 * @example
 * ```ts
 * buffer.push(bindWaybill({ Data: bytes, PartitionKey: order.id }))
 * // later, in whatever scope: await stamped.send(new PutRecordsCommand({ StreamName, Records: buffer }))
 * ```
 */
export function bindWaybill<T extends object>(entry: T): T {
  // A symbol survives `{ ...entry }`, which producers do, and no serializer sees it.
  return { ...entry, [BOUND]: ambientScope()?.stamper() ?? null }
}

/** The stamper that an entry is bound to; `null`: to none; `undefined`: not bound. */
export function boundStamper(entry: object): Stamper | null | undefined {
  return (entry as { [BOUND]?: Stamper | null })[BOUND]
}
