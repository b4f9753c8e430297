/** One invocation as the Runtime API hands it to an execution environment. */
export interface Invocation {
  readonly requestId: string
  readonly payload: string
  readonly functionArn: string
  readonly traceHeader: string
  /** Decoded JSON text. */
  readonly clientContext?: string
}

/** What came of it: the handler's JSON, or an error object with `errorType` and `errorMessage`. */
export interface Outcome {
  readonly payload: string
  readonly functionError?: 'Unhandled'
  readonly logLines: readonly string[]
}

/** Limit of a response: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const responseLimitBytes = 6 * 1024 * 1024

export function succeeded(payload: string, logLines: readonly string[]): Outcome {
  if (Buffer.byteLength(payload) <= responseLimitBytes) return { payload, logLines }
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${responseLimitBytes} bytes).`
  return failed({ errorType: 'Function.ResponseSizeTooLarge', errorMessage }, logLines)
}

export function failed(
  error: string | { readonly errorType: string; readonly errorMessage: string },
  logLines: readonly string[] = [],
): Outcome {
  const payload = typeof error === 'string' ? error : JSON.stringify(error)
  return { payload, functionError: 'Unhandled', logLines }
}

export function timedOut(requestId: string, timeoutMs: number, logLines: readonly string[]): Outcome {
  const seconds = (timeoutMs / 1000).toFixed(2)
  const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`
  return failed({ errorType: 'Sandbox.Timedout', errorMessage }, logLines)
}

export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const signalNames: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGKILL: 'killed',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
}

/** The words of `Runtime.ExitError`, as Lambda reports a runtime process that ended before it answered. */
export function exited(requestId: string, exit: ProcessExit, logLines: readonly string[]): Outcome {
  const how =
    exit.signal !== null
      ? `with error: signal: ${signalNames[exit.signal] ?? exit.signal}`
      : exit.code === 0
        ? 'without providing a reason'
        : `with error: exit status ${exit.code}`
  const errorMessage = `RequestId: ${requestId} Error: Runtime exited ${how}`
  return failed({ errorType: 'Runtime.ExitError', errorMessage }, logLines)
}
