import { createRequire } from 'node:module'
import type { InvokeLambda } from './event-delivery.ts'
import { type JsonObject, ServiceError } from './json-protocol.ts'

/** Of any input or result in a machine. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const MAX_DATA_BYTES = 262_144

type TaskHandler = (input: unknown) => Promise<unknown>

interface Interpreter {
  run(
    input: unknown,
    options: {
      readonly context: JsonObject
      readonly overrides: { readonly taskResourceLocalHandlers: Readonly<Record<string, TaskHandler>> }
    },
  ): { abort(): void; readonly result: Promise<unknown> }
}

interface InterpreterModule {
  // `checkArn` and `checkPaths` stay on: they are by default.
  readonly StateMachine: new (
    definition: JsonObject,
  ) => Interpreter
}

export interface Run {
  readonly result: Promise<unknown>
  abort(): void
}

/** A machine ready to be run many times: reading a definition costs some 60 ms, a run next to nothing. */
export interface Machine {
  run(input: unknown, context: JsonObject): Run
}

/**
 * Builds a machine of a JSONPath definition whose tasks are Lambda functions, by their ARN or by
 * `arn:aws:states:::lambda:invoke`. Throws `InvalidDefinition` for what it cannot run as AWS does, and says what.
 */
export function buildMachine(definitionText: string, invokeLambda: InvokeLambda): Machine {
  const definition = parseDefinition(definitionText)
  const taskResourceLocalHandlers: Record<string, TaskHandler> = {}
  for (const [name, state] of statesOf(definition)) {
    refuseForeignFields(name, state)
    if (state['Type'] === 'Task') taskResourceLocalHandlers[name] = taskHandler(name, state, invokeLambda)
  }
  const { StateMachine }: InterpreterModule = createRequire(import.meta.url)('aws-local-stepfunctions')
  const interpreter = valid(() => new StateMachine(definition))
  return { run: (input, context) => interpreter.run(input, { context, overrides: { taskResourceLocalHandlers } }) }
}

function parseDefinition(text: string): JsonObject {
  const definition = valid(() => JSON.parse(text) as JsonObject)
  if (definition['QueryLanguage'] === 'JSONata') throw invalid('the query language JSONata is not emulated')
  return definition
}

// The interpreter ignores what it does not know, and would run such a machine as if the field were not there.
const FOREIGN_FIELDS = ['Arguments', 'Output', 'Assign', 'ItemReader', 'ItemBatcher', 'ResultWriter']

function refuseForeignFields(name: string, state: JsonObject): void {
  if (state['QueryLanguage'] === 'JSONata') throw invalid(`${name}: the query language JSONata is not emulated`)
  const foreign = FOREIGN_FIELDS.find((field) => Object.hasOwn(state, field))
  if (foreign !== undefined) throw invalid(`${name}: the field ${foreign} is not emulated`)
}

/** Every state, those inside Map and Parallel included: their names are unique in a machine. */
function* statesOf(part: JsonObject): Generator<[string, JsonObject]> {
  for (const [name, state] of Object.entries((part['States'] ?? {}) as Record<string, JsonObject>)) {
    yield [name, state]
    const branches = (state['Branches'] ?? []) as readonly JsonObject[]
    for (const inner of [...branches, state['Iterator'], state['ItemProcessor']]) {
      if (inner !== undefined) yield* statesOf(inner as JsonObject)
    }
  }
}

const LAMBDA_INTEGRATION = 'arn:aws:states:::lambda:invoke'

function taskHandler(name: string, state: JsonObject, invokeLambda: InvokeLambda): TaskHandler {
  const resource = String(state['Resource'])
  if (resource.startsWith('arn:aws:lambda:'))
    return async (input) => limited(await called(invokeLambda, resource, input))
  if (resource !== LAMBDA_INTEGRATION) throw invalid(`${name}: the resource ${resource} is not emulated`)
  return async (input) => {
    const { FunctionName: functionName, Payload: payload } = input as JsonObject
    const result = await called(invokeLambda, String(functionName), payload ?? {})
    return limited({ ExecutedVersion: '$LATEST', Payload: result, StatusCode: 200 })
  }
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html: the error's type is what Catch and Retry match. */
async function called(invokeLambda: InvokeLambda, functionName: string, payload: unknown): Promise<unknown> {
  try {
    return (await invokeLambda(functionName, payload)) ?? null
  } catch (error) {
    const { name: errorType, message: errorMessage } = error instanceof Error ? error : new Error(String(error))
    throw named(errorType, JSON.stringify({ errorMessage, errorType }))
  }
}

function limited(result: unknown): unknown {
  if (Buffer.byteLength(JSON.stringify(result)) <= MAX_DATA_BYTES) return result
  throw named('States.DataLimitExceeded', `The result is longer than ${MAX_DATA_BYTES} bytes.`)
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

function valid<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error))
  }
}

function invalid(reason: string): ServiceError {
  return new ServiceError('InvalidDefinition', `Invalid State Machine Definition: ${reason}`)
}
