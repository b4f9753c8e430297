import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { pause } from '../pause.ts'
import { LambdaHostError } from './errors.ts'
import { type FunctionPool, functionPool } from './function-pool.ts'
import { type FunctionOptions, functionSettings } from './function-settings.ts'
import { startGuardian } from './guardian.ts'
import type { Invocation, Outcome } from './invocation.ts'
import type { LogLine } from './log-lines.ts'
import { type LogSink, logSink } from './log-sink.ts'

export interface LambdaHostOptions {
  /** Variables that every function gets, such as `AWS_ENDPOINT_URL_SQS`. The host's own are not inherited. */
  readonly env?: Readonly<Record<string, string>>
  /** Called for each line that a function writes, in order. */
  readonly onLog?: (line: LogLine) => void
  /** A directory that gets `<function>.log` files. */
  readonly logsTo?: string
  /** Called for an asynchronous invocation that failed to the last attempt: its on-failure destination. */
  readonly onDiscarded?: (discarded: DiscardedInvocation) => void
  /** Wait before an asynchronous invocation is repeated, twice that before the second time. Default 50; Lambda's: a minute. */
  readonly asyncRetryIntervalMs?: number
  /** The most bytes of a synchronous payload. Default Lambda's 6 MiB; more than Lambda is for trials. */
  readonly payloadLimitBytes?: number
  /** Epoch milliseconds, for log lines. Deadlines use the real clock, as the processes do. */
  readonly clock?: () => number
}

export interface DiscardedInvocation {
  readonly functionName: string
  readonly payload: string
  readonly error: string
}

export interface InvokeOptions {
  /** Default `RequestResponse`. An `Event` is answered 202 at once. */
  readonly type?: 'RequestResponse' | 'Event'
  /** Base64 of a JSON object, as in the SDK. Lambda does not pass it on to an `Event`. */
  readonly clientContext?: string
  /** `X-Amzn-Trace-Id`; a new unsampled one by default. */
  readonly traceHeader?: string
}

export interface InvokeResult {
  readonly statusCode: 200 | 202
  /** The handler's JSON, or an error object when `functionError` is there. Empty for an `Event`. */
  readonly payload: string
  readonly functionError?: 'Unhandled'
  /** What the invocation wrote; empty in Managed Instances mode, where invocations share one output. */
  readonly logLines: readonly string[]
}

export interface LambdaHost {
  readonly deploy: (options: FunctionOptions) => void
  readonly invoke: (name: string, payload: string | Uint8Array, options?: InvokeOptions) => Promise<InvokeResult>
  /** Starts environments ahead of the first invocation. Default: all that `maxConcurrency` allows. */
  readonly warm: (name: string, count?: number) => Promise<void>
  /** Resolves when nothing runs and nothing is queued, asynchronous invocations included. */
  readonly idle: () => Promise<void>
  readonly stop: (name: string) => Promise<void>
  readonly close: () => Promise<void>
  readonly functionArn: (name: string) => string
}

const accountId = '000000000000'
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const payloadLimitBytes = { RequestResponse: 6 * 1024 * 1024, Event: 1024 * 1024 } as const
/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const clientContextLimitBytes = 3583

/**
 * Runs functions as Lambda does: one Node process per execution environment, under AWS's own runtime interface client.
 * When no environment is free and `maxConcurrency` is reached, invocations wait; there is no throttling.
 *
 * @example
 * const host = startLambdaHost({ env: { AWS_REGION: 'eu-west-1' }, onLog: ({ line }) => console.log(line) })
 * host.deploy({ name: 'hello', entry: '/srv/app/dist/hello.js' })
 * const { payload } = await host.invoke('hello', '{"name":"Ada"}')
 * await host.close()
 */
export function startLambdaHost(options: LambdaHostOptions = {}): LambdaHost {
  const { env = {}, clock = Date.now, onDiscarded, asyncRetryIntervalMs = 50 } = options
  const limits = {
    ...payloadLimitBytes,
    RequestResponse: options.payloadLimitBytes ?? payloadLimitBytes.RequestResponse,
  }
  const closing = new AbortController()
  const pools = new Map<string, FunctionPool>()
  const sink: LogSink = logSink({ onLog: options.onLog, directory: options.logsTo, clock })
  const guardian = startGuardian()
  const waiting: (() => void)[] = []
  const region = env['AWS_REGION'] ?? 'us-east-1'
  let open = true
  let unsettled = 0

  const functionArn = (name: string): string => `arn:aws:lambda:${region}:${accountId}:function:${name}`

  const poolOf = (name: string): FunctionPool => {
    if (!open) throw new LambdaHostError('host_closed', 'The Lambda host is closed')
    const pool = pools.get(name)
    if (pool === undefined) throw new LambdaHostError('unknown_function', `Function not found: ${functionArn(name)}`)
    return pool
  }

  const settled = (): void => {
    unsettled--
    if (unsettled === 0) for (const release of waiting.splice(0)) release()
  }

  const run = (
    pool: FunctionPool,
    call: Pick<Invocation, 'payload' | 'traceHeader' | 'clientContext'>,
    requestId: string = randomUUID(),
  ): Promise<Outcome> => {
    unsettled++
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const settle = (outcome: Outcome): void => {
      resolve(outcome)
      settled()
    }
    pool.run({ invocation: { ...call, requestId, functionArn: functionArn(pool.settings.name) }, settle })
    return promise
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
  const runAsync = async (name: string, payload: string, traceHeader: string): Promise<void> => {
    // Held over the waits as well: what is to be repeated is not settled.
    unsettled++
    // Attempts share one id, so that a function can tell a repeat.
    const requestId = randomUUID()
    try {
      for (let repeats = 0; ; repeats++) {
        const pool = poolOf(name)
        const outcome = await run(pool, { payload, traceHeader }, requestId)
        if (outcome.functionError === undefined) return
        if (repeats >= pool.settings.maximumRetryAttempts || closing.signal.aborted) {
          onDiscarded?.({ functionName: name, payload, error: outcome.payload })
          return
        }
        await pause(asyncRetryIntervalMs * (repeats + 1), closing.signal)
      }
    } catch (error) {
      // Stopped between two attempts.
      onDiscarded?.({ functionName: name, payload, error: String(error) })
    } finally {
      settled()
    }
  }

  return {
    functionArn,
    deploy: (fn) => {
      if (!open) throw new LambdaHostError('host_closed', 'The Lambda host is closed')
      if (pools.has(fn.name)) throw new LambdaHostError('already_deployed', `${fn.name} is deployed: stop it first`)
      if (!isAbsolute(fn.entry) || !existsSync(fn.entry)) {
        throw new LambdaHostError('entry_not_found', `${fn.name}: no file at the absolute path ${fn.entry}`)
      }
      pools.set(fn.name, functionPool(functionSettings(fn, env), guardian, sink.writer(fn.name)))
    },
    invoke: async (name, bytes, { type = 'RequestResponse', clientContext, traceHeader = newTraceHeader() } = {}) => {
      const pool = poolOf(name)
      const payload = checkedPayload(bytes, type, limits[type])
      const context = clientContext === undefined ? {} : { clientContext: decodedClientContext(clientContext) }
      if (type === 'RequestResponse') {
        return { statusCode: 200, ...(await run(pool, { payload, traceHeader, ...context })) }
      }
      void runAsync(name, payload, traceHeader)
      return { statusCode: 202, payload: '', logLines: [] }
    },
    warm: async (name, count) => {
      const pool = poolOf(name)
      await pool.warm(count ?? pool.settings.maxConcurrency)
    },
    idle: () => (unsettled === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    stop: async (name) => {
      const pool = poolOf(name)
      pools.delete(name)
      await pool.stop()
    },
    close: async () => {
      open = false
      closing.abort()
      await Promise.all([...pools.values()].map((pool) => pool.stop()))
      guardian.close()
      await sink.close()
    },
  }
}

function checkedPayload(bytes: string | Uint8Array, type: 'RequestResponse' | 'Event', limitBytes: number): string {
  const length = Buffer.byteLength(bytes)
  if (length > limitBytes) {
    const message = `${length} byte payload is too large for the ${type} invocation type (limit ${limitBytes} bytes)`
    throw new LambdaHostError('payload_too_large', message)
  }
  // An Invoke without a payload delivers an empty object.
  const text = (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')) || '{}'
  try {
    JSON.parse(text)
    return text
  } catch (error) {
    throw new LambdaHostError('invalid_payload', `Could not parse request body into json: ${String(error)}`)
  }
}

function decodedClientContext(base64: string): string {
  if (base64.length > clientContextLimitBytes) {
    throw new LambdaHostError(
      'invalid_client_context',
      `Client context is longer than ${clientContextLimitBytes} bytes`,
    )
  }
  try {
    // Re-serialised, as line breaks cannot live in the header that carries it.
    return JSON.stringify(JSON.parse(Buffer.from(base64, 'base64').toString('utf8')))
  } catch {
    throw new LambdaHostError('invalid_client_context', 'Client context must be a valid Base64-encoded JSON object.')
  }
}

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */
function newTraceHeader(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16)
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`
}
