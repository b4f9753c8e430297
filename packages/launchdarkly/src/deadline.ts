/** One deadline for steps that follow each other. */
export interface Deadline {
  readonly signal: AbortSignal
  /** As `work`, or rejects with what `late` makes when the time is up. */
  within<T>(work: Promise<T>, late: () => Error): Promise<T>
  /** Stops the clock. */
  end(): void
}

export function startDeadline(limitMs: number): Deadline {
  const controller = new AbortController()
  const { signal } = controller
  const timer = setTimeout(() => controller.abort(), limitMs)
  return {
    signal,
    within: async (work, late) => {
      const passed = Promise.withResolvers<never>()
      const pass = (): void => passed.reject(late())
      if (signal.aborted) pass()
      signal.addEventListener('abort', pass, { once: true })
      try {
        return await Promise.race([work, passed.promise])
      } finally {
        signal.removeEventListener('abort', pass)
      }
    },
    end: () => clearTimeout(timer),
  }
}
