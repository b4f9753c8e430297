/** What a {@link RolloutError} is about. Codes are stable; messages are not. */
export type RolloutErrorCode =
  /** The flag is not there, is off, or its fallthrough is not the canary's and control's to share. */
  | 'bad_flag'
  /** The rollout is in no phase in which that can be done. */
  | 'bad_phase'
  /** What is stored is no rollout that can be driven. */
  | 'bad_rollout'
  /** Others changed it at the same moment, again and again. */
  | 'conflict'
  /** The bus did not answer in time. */
  | 'events_late'
  | 'events_not_taken'
  /** CloudWatch did not give all, or gave more than can be told apart. */
  | 'metrics_incomplete'
  /** CloudWatch did not answer in time. */
  | 'metrics_late'
  | 'no_rollout'
  /** No search of CloudWatch's can be written for the flag's or the variation's name: name the services. */
  | 'unsearchable_name'

/** Thrown to who starts a rollout or steps in, where the message says what to do; and to the controller by its ports. */
export class RolloutError extends Error {
  readonly code: RolloutErrorCode

  constructor(code: RolloutErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options)
    this.name = 'RolloutError'
    this.code = code
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
