/** A function to deploy. */
export interface FunctionOptions {
  readonly name: string
  /** Absolute path of an ECMAScript module on disk: `.js`, `.mjs`, or `.ts` that Node can strip. */
  readonly entry: string
  /** The export that handles events. Default `handler`. */
  readonly handler?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default 30,000. */
  readonly timeoutMs?: number
  /** The most execution environments (processes) at a time; more invocations wait. Default 4. */
  readonly maxConcurrency?: number
  /** Managed Instances: how many invocations one environment handles at the same time. Default: one, the classic mode. */
  readonly managedInstances?: number
  /** Repeats of an asynchronous invocation that failed. Default 2, as in Lambda. */
  readonly maximumRetryAttempts?: number
  /** Limits the JavaScript heap (not buffers); a function that exceeds it is aborted. Default: no limit. */
  readonly memoryMb?: number
}

export interface FunctionSettings {
  readonly name: string
  readonly entry: string
  readonly handler: string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly maxConcurrency: number
  readonly managedInstances: number | undefined
  readonly maximumRetryAttempts: number
  readonly memoryMb: number | undefined
}

export function functionSettings(
  options: FunctionOptions,
  hostEnv: Readonly<Record<string, string>>,
): FunctionSettings {
  return {
    name: options.name,
    entry: options.entry,
    handler: options.handler ?? 'handler',
    env: { ...hostEnv, ...options.env },
    timeoutMs: options.timeoutMs ?? 30_000,
    maxConcurrency: options.maxConcurrency ?? 4,
    managedInstances: options.managedInstances,
    maximumRetryAttempts: options.maximumRetryAttempts ?? 2,
    memoryMb: options.memoryMb,
  }
}
