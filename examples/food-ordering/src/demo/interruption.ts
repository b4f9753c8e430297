/** Ctrl-C and polite kills, as a signal that a run can end on. */
export interface Interruption {
  readonly signal: AbortSignal
  /** 128 and the signal's number, as shells have it; `undefined` when nothing was asked. */
  exitCode(): number | undefined
  forget(): void
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

export function onInterruption(): Interruption {
  const ending = new AbortController()
  let exitCode: number | undefined
  const end = (name: keyof typeof EXIT_CODES) => (): void => {
    // Who asks twice does not want to wait. The host's guardian kills what is left then.
    if (exitCode !== undefined) process.exit(exitCode)
    exitCode = EXIT_CODES[name]
    ending.abort(new Error(`interrupted by ${name}`))
  }
  const listeners = (Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[]).map((name) => ({
    name,
    listener: end(name),
  }))
  for (const { name, listener } of listeners) process.on(name, listener)
  return {
    signal: ending.signal,
    exitCode: () => exitCode,
    forget: () => {
      for (const { name, listener } of listeners) process.off(name, listener)
    },
  }
}

/** What `work` answers, unless the signal is aborted before; then its reason. */
export async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
