import { type JsonObject, ServiceError } from './json-protocol.ts'
import { MAX_DATA_BYTES, type Machine } from './state-machine.ts'

export interface ExecutionStart {
  readonly executionArn: string
  readonly name: string
  readonly input: string
  readonly stateMachine: { readonly arn: string; readonly name: string; readonly machine: Machine }
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

export interface Execution {
  readonly input: string
  readonly startDate: number
  /** As DescribeExecution and StartSyncExecution answer it. */
  describe(): JsonObject
  isRunning(): boolean
  /** Resolves when it has ended, in whatever way. */
  readonly ended: Promise<void>
  abort(): void
}

/** Answers the value of an execution's input, or throws what StartExecution throws. */
export function readInput(input: string): unknown {
  if (Buffer.byteLength(input) > MAX_DATA_BYTES) {
    const constraint = `Member must have length less than or equal to ${MAX_DATA_BYTES}`
    throw new ServiceError('ValidationException', `Value at 'input' failed to satisfy constraint: ${constraint}`)
  }
  try {
    return JSON.parse(input)
  } catch {
    throw new ServiceError('InvalidExecutionInput', 'Invalid State Machine Execution Input: not JSON')
  }
}

/** Runs a machine once. The dates are seconds since the epoch, as the protocol has them. */
export function startExecution(start: ExecutionStart): Execution {
  const { executionArn, name, input, stateMachine, clock } = start
  const startMs = clock()
  const value = readInput(input)
  let outcome: JsonObject = { status: 'RUNNING' }
  // https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
  const run = stateMachine.machine.run(value, {
    Execution: { Id: executionArn, Name: name, Input: value, StartTime: new Date(startMs).toISOString() },
    StateMachine: { Id: stateMachine.arn, Name: stateMachine.name },
  })
  const ended = run.result.then(
    (output) => {
      outcome = { status: 'SUCCEEDED', output: JSON.stringify(output), stopDate: clock() / 1000 }
    },
    (error: Error) => {
      outcome = { ...failure(error), stopDate: clock() / 1000 }
    },
  )
  const startDate = startMs / 1000
  return {
    input,
    startDate,
    ended,
    abort: run.abort,
    isRunning: () => outcome['status'] === 'RUNNING',
    describe: () => ({ executionArn, stateMachineArn: stateMachine.arn, name, input, startDate, ...outcome }),
  }
}

function failure(error: Error): JsonObject {
  if (error.name === 'ExecutionAbortedError') return { status: 'ABORTED' }
  if (error.name === 'ExecutionTimeoutError') return { status: 'TIMED_OUT', error: 'States.Timeout' }
  const cause = error.cause instanceof Error ? error.cause : error
  return { status: 'FAILED', error: cause.name, cause: cause.message }
}
