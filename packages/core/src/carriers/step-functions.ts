import {
  bodyProblem,
  byteLength,
  type Fields,
  type OutgoingCarrier,
  type Shipment,
  type Slot,
  type TargetPolicy,
} from './carrier.ts'
import { BODY_OVERHEAD_BYTES, exposedTextBytes, exposeIn, spliceable, spliceIn } from './json-splice.ts'
import { soleShipment } from './shipment.ts'

/*
 * Step Functions, out: the token is the last key of `input`. A task gets it as the key of its own input, if the state
 * machine's definition passes it on; that is a plain event, and `lambda` reads it.
 * - `input`: 256 KiB of UTF-8; `{}` when there is none
 *   https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 * - `name`: the same name with another input is refused, ExecutionAlreadyExists
 *   https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
const MAX_INPUT_BYTES = 262_144

export const stepFunctionsOutgoing: OutgoingCarrier = {
  client: 'SFN',
  commands: { StartExecutionCommand: start, StartSyncExecutionCommand: start },
}

function start(input: Fields, policy: TargetPolicy): Shipment {
  const text = input['input'] ?? '{}'
  return soleShipment(input, {
    maxBytes: MAX_INPUT_BYTES,
    overheadBytes: BODY_OVERHEAD_BYTES,
    sizeOf: () => byteLength(text),
    problemOf: () =>
      bodyProblem(policy, input['stateMachineArn']) ??
      nameProblem(input['name'], policy) ??
      (typeof text === 'string' ? spliceable(text) : 'uncarried'),
    stamped: (request, token) => ({ ...request, input: spliceIn(String(request['input'] ?? text), token) }),
    exposedBytes: (_, flags) => exposedTextBytes(String(text), flags),
    exposing: (request, flags) => ({ ...request, input: exposeIn(String(text), flags) }),
  })
}

/** Whether a request is told apart by a name, which stands for its input as it is. */
export function nameProblem(name: unknown, policy: TargetPolicy): Slot['problem'] | undefined {
  return name === undefined || policy.namedExecutions ? undefined : 'named_execution'
}
