import { ServiceError } from './json-protocol.ts'

/** Makes a stand-in refuse like its service: throttled, denied, out of order. */
export interface ServiceFault {
  /** From now on all operations answer this AWS exception, such as `ThrottlingException`; `undefined`: no longer. */
  failWith(code: string | undefined, message?: string): void
}

/** The switch, and what each operation calls first. */
export function startFault(): ServiceFault & { readonly check: () => void } {
  let fault: ServiceError | undefined
  return {
    failWith(code, message = code ?? '') {
      fault = code === undefined ? undefined : new ServiceError(code, message)
    },
    check() {
      if (fault !== undefined) throw fault
    },
  }
}
