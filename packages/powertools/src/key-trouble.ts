import { isWaybillError } from '@waybill/core'

/** Why a load brought no keys: the store did not give any (`keys_unavailable`), or what it gave is no ring (`bad_key`). */
export interface KeyTrouble {
  readonly code: 'keys_unavailable' | 'bad_key'
  /** The error's name, such as `AccessDeniedException`. */
  readonly error: string
  /** Only where its author is known to quote no secret. */
  readonly detail?: string
}

/** What went wrong, without any text that might hold a secret. */
export function troubleOf(error: unknown): KeyTrouble {
  if (isWaybillError(error)) return { code: 'bad_key', error: error.name, detail: error.message }
  // Powertools wraps what the SDK threw.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return { code: 'keys_unavailable', error: 'unknown' }
  return {
    code: 'keys_unavailable',
    error: cause.name,
    // AWS says who was refused what, which is half of the way to a cure.
    ...('$fault' in cause ? { detail: cause.message.slice(0, 300) } : {}),
  }
}

export interface Saying {
  (trouble: KeyTrouble, isEmpty: boolean): void
  /** All is well: the next trouble is news. */
  again(): void
}

/** One line for each kind of trouble until it is over. */
export function sayOnce(where: string, warn: (line: string) => void): Saying {
  const said = new Set<string>()
  const say = ({ code, error, detail }: KeyTrouble, isEmpty: boolean): void => {
    const kind = `${code} ${error}`
    if (said.has(kind)) return
    said.add(kind)
    const consequence = isEmpty
      ? 'there are none: tokens are neither sealed nor believed'
      : 'the last good ones are used'
    const message = `waybill: ${where} brought no keys, ${consequence}`
    try {
      warn(JSON.stringify({ level: 'WARN', message, code, error, ...(detail === undefined ? {} : { detail }) }))
    } catch {
      // Whoever takes the line must not fail the request.
    }
  }
  return Object.assign(say, { again: () => said.clear() })
}
