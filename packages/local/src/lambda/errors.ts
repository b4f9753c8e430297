export type LambdaHostErrorCode =
  | 'unknown_function'
  | 'already_deployed'
  | 'entry_not_found'
  | 'init_failed'
  | 'payload_too_large'
  | 'invalid_payload'
  | 'invalid_client_context'
  | 'function_stopped'
  | 'host_closed'

/** Why the host refused a call. A handler that fails is not an error here: see `functionError` on the result. */
export class LambdaHostError extends Error {
  readonly code: LambdaHostErrorCode

  constructor(code: LambdaHostErrorCode, message: string) {
    super(message)
    this.name = 'LambdaHostError'
    this.code = code
  }
}
