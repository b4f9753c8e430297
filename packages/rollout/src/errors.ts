/** What a {@link RolloutError} is about. Codes are stable; messages are not. */
export type RolloutErrorCode =
  /** The flag is not there, is off, or its fallthrough is not the canary's and control's to share. */
  | 'bad_flag'
  /** The rollout is in no phase in which that can be done. */
  | 'bad_phase'
  /** Others changed it at the same moment, again and again. */
  | 'conflict'
  | 'no_rollout'

/** Thrown to who starts a rollout or steps in; the message says what to do. */
export class RolloutError extends Error {
  readonly code: RolloutErrorCode

  constructor(code: RolloutErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options)
    this.name = 'RolloutError'
    this.code = code
  }
}
