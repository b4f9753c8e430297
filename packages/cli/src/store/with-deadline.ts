import { Failure } from '../failure.ts'
import type { OpenStore, Store } from './store.ts'

/**
 * The same store, each of whose calls settles in time: a store that hangs is noticed at the first call, and a long import
 * over a healthy one is not cut short.
 */
export function withDeadline({ store, name, close }: OpenStore, timeoutSeconds: number): OpenStore {
  const timed = async <T>(work: Promise<T>, whatIfLate: string): Promise<T> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const message = `The store (${name}) did not answer within ${timeoutSeconds} s${whatIfLate}`
      timer = setTimeout(() => reject(new Failure('deadline', message)), timeoutSeconds * 1000)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
  const unsure = ': it may have been written all the same, look before you repeat it'
  const inTime: Store = {
    readAll: (signal) => timed(store.readAll(signal), ''),
    get: (kind, key, signal) => timed(store.get(kind, key, signal), ''),
    list: (kind, options) => timed(store.list(kind, options), ''),
    put: (kind, item, options) => timed(store.put(kind, item, options), unsure),
    // As long as there is something to write: each of its requests has a limit, the table's or the lock's own.
    putAll: (changes) => store.putAll(changes),
    markFilled: () => timed(store.markFilled(), unsure),
  }
  return { store: inTime, name, close }
}
