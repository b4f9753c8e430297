/**
 * Why a command did not do what it was asked. `bad_input` and `not_found` can never succeed as typed and end with 2;
 * the others end with 1: another time, or other credentials, may do.
 */
export type FailureCode =
  | 'bad_input'
  | 'not_found'
  | 'conflict'
  | 'refused'
  | 'store_unavailable'
  | 'deadline'
  | 'failed'

/** Ends a command with one line for the person who typed it. */
export class Failure extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.code = code
  }

  get exitCode(): 1 | 2 {
    return this.code === 'bad_input' || this.code === 'not_found' ? 2 : 1
  }
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}
