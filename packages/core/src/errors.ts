/** What a {@link WaybillError} is about. Codes are stable; messages are not. */
export type WaybillErrorCode =
  | 'bad_declaration'
  | 'bad_decision'
  | 'bad_key'
  | 'bad_option'
  | 'refused'
  | 'undecided'
  | 'unknown_variation'

/**
 * Thrown at set-up, in tests and where a policy says `throw`; never by a flag that goes wrong in a request.
 *
 * @example
 * ```ts
 * try {
 *   keyRing({ signing: { id: 'k1', secret: 'short' } })
 * } catch (error) {
 *   isWaybillError(error) // true, and error.code is 'bad_key'
 * }
 * ```
 */
export class WaybillError extends Error {
  readonly code: WaybillErrorCode

  constructor(code: WaybillErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options)
    this.name = 'WaybillError'
    this.code = code
  }
}

/** True for errors of any copy of this package (a layer's and a bundle's): told by shape, not by identity. */
export function isWaybillError(error: unknown): error is WaybillError {
  return error instanceof Error && error.name === 'WaybillError' && 'code' in error
}
