/** A line on the console, as core writes its own. */
export type Warn = (line: string) => void

export interface Complaint {
  /** Says what went wrong and why. The same is not said again until `settle`. */
  about(message: string, error?: unknown): void
  settle(): void
}

/**
 * Counts say that something failed, not why: a missing permission and a slow network look alike. This says it, one coded line
 * per cause and outage.
 */
export function complaint(code: string, warn: Warn = console.warn): Complaint {
  const said = new Set<string>()
  return {
    about: (message, error) => {
      const name = error instanceof Error ? error.name : ''
      const what = `${name} ${message}`
      if (said.has(what)) return
      said.add(what)
      const cause = error instanceof Error ? { cause: `${name}: ${error.message}` } : {}
      warn(
        JSON.stringify({ level: 'WARN', message: `waybill: ${message}`, code, ...cause, hint: 'said once per outage' }),
      )
    },
    settle: () => said.clear(),
  }
}
