import { randomUUID } from 'node:crypto'
import type { InvokeLambda } from './event-delivery.ts'
import { type Execution, startExecution } from './execution.ts'
import { type JsonObject, ServiceError, startJsonServer } from './json-protocol.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from './loopback.ts'
import { buildMachine, type Machine } from './state-machine.ts'

export interface StartStepFunctionsOptions {
  /** Runs the functions that tasks name; a rejection's `name` is the error type that Catch and Retry match. */
  readonly invokeLambda: InvokeLambda
  /** Milliseconds since the epoch; waits and retry intervals pass in real time. */
  readonly clock?: () => number
}

export interface StepFunctions {
  readonly endpoint: string
  /** Resolves when no execution is running. */
  idle(): Promise<void>
  /** Aborts what is running. */
  close(): Promise<void>
}

interface StateMachine {
  readonly arn: string
  readonly name: string
  readonly type: string
  readonly definition: string
  readonly machine: Machine
  readonly creationDate: number
}

/**
 * Starts a stand-in for Step Functions on loopback: JSONPath machines whose tasks are functions.
 *
 * A client needs `disableHostPrefix: true` for StartSyncExecution, which otherwise goes to the host `sync-127.0.0.1`.
 *
 * @example
 * const workflows = await startStepFunctions({ invokeLambda: async (name, payload) => ({ name, payload }) })
 * new SFNClient({ endpoint: workflows.endpoint, disableHostPrefix: true })
 */
export async function startStepFunctions(options: StartStepFunctionsOptions): Promise<StepFunctions> {
  const { invokeLambda, clock = Date.now } = options
  const machines = new Map<string, StateMachine>()
  const executions = new Map<string, Execution>()

  function findMachine(input: JsonObject): StateMachine {
    const arn = String(input['stateMachineArn'])
    const machine = machines.get(arn)
    if (machine === undefined)
      throw new ServiceError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`)
    return machine
  }

  function start(stateMachine: StateMachine, name: string, executionArn: string, input: string): Execution {
    const execution = startExecution({ executionArn, name, input, stateMachine, clock })
    executions.set(executionArn, execution)
    return execution
  }

  const server = await startJsonServer({
    service: 'AWSStepFunctions',
    version: '1.0',
    operations: {
      CreateStateMachine(input) {
        const name = String(input['name'])
        const type = String(input['type'] ?? 'STANDARD')
        const definition = String(input['definition'])
        const arn = arnOf('stateMachine', name)
        const existing = machines.get(arn)
        if (existing !== undefined && (existing.definition !== definition || existing.type !== type)) {
          throw new ServiceError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`)
        }
        const machine = existing ?? {
          arn,
          name,
          type,
          definition,
          machine: buildMachine(definition, invokeLambda),
          creationDate: clock() / 1000,
        }
        machines.set(arn, machine)
        return { stateMachineArn: arn, creationDate: machine.creationDate }
      },
      // Only standard machines know their executions' names.
      // https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
      StartExecution(request) {
        const stateMachine = findMachine(request)
        const name = String(request['name'] ?? randomUUID())
        const input = String(request['input'] ?? '{}')
        if (stateMachine.type === 'EXPRESS') {
          const executionArn = expressArn(stateMachine, name)
          return { executionArn, startDate: start(stateMachine, name, executionArn, input).startDate }
        }
        const executionArn = arnOf('execution', `${stateMachine.name}:${name}`)
        const existing = executions.get(executionArn)
        if (existing !== undefined && !(existing.isRunning() && existing.input === input)) {
          throw new ServiceError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`)
        }
        const execution = existing ?? start(stateMachine, name, executionArn, input)
        return { executionArn, startDate: execution.startDate }
      },
      DescribeExecution(request) {
        const executionArn = String(request['executionArn'])
        const execution = executions.get(executionArn)
        if (execution === undefined || executionArn.includes(':express:')) {
          throw new ServiceError('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`)
        }
        return execution.describe()
      },
      async StartSyncExecution(request) {
        const stateMachine = findMachine(request)
        if (stateMachine.type !== 'EXPRESS') {
          const message = 'This operation is not supported by this type of state machine'
          throw new ServiceError('StateMachineTypeNotSupported', message)
        }
        const name = String(request['name'] ?? randomUUID())
        const input = String(request['input'] ?? '{}')
        const execution = start(stateMachine, name, expressArn(stateMachine, name), input)
        await execution.ended
        return execution.describe()
      },
    },
  })

  async function idle(): Promise<void> {
    for (;;) {
      const running = [...executions.values()].filter((execution) => execution.isRunning())
      if (running.length === 0) return
      await Promise.all(running.map((execution) => execution.ended))
    }
  }

  return {
    endpoint: server.endpoint,
    idle,
    async close() {
      await server.close()
      for (const execution of executions.values()) if (execution.isRunning()) execution.abort()
      await idle()
    },
  }
}

function arnOf(kind: string, name: string): string {
  return `arn:aws:states:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${kind}:${name}`
}

function expressArn(stateMachine: StateMachine, name: string): string {
  return arnOf('express', `${stateMachine.name}:${name}:${randomUUID()}`)
}
