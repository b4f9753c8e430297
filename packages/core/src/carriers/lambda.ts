import { isPlainObject, parseJson } from '../json.ts'
import {
  ATTRIBUTE,
  attributeProblem,
  bodyProblem,
  byteLength,
  type Fields,
  fieldsOf,
  type InboundCarrier,
  type OutgoingCarrier,
  type Shipment,
  type Slot,
  type TargetPolicy,
  textOf,
  together,
} from './carrier.ts'
import { bytesProblem, bytesStamped, exposedDataBytes, exposeInData, spliceBytes } from './json-bytes.ts'
import { membersAt } from './json-scan.ts'
import { BODY_OVERHEAD_BYTES, spliceMember } from './json-splice.ts'
import { isStampedPayload, unloadPayload } from './payload.ts'
import { type Packing, soleShipment } from './shipment.ts'
import { nameProblem } from './step-functions.ts'

/*
 * A function that invokes another. RequestResponse: `custom` of the client context, so that the payload stays as it was;
 * the payload's key `_waybill` when there is no room and the function is named. Event: Lambda drops the client context,
 * so only the payload, and only of named functions. DryRun runs nothing.
 * - payload: 6 MB synchronous, 1 MB asynchronous; client context: 3,583 bytes of base64; a durable execution's name
 *   stands for its payload
 *   https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 * - the context: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html (it writes `Custom`; what arrives is
 *   the caller's own JSON)
 */
const MAX_SYNC_BYTES = 6_291_456
const MAX_ASYNC_BYTES = 1_048_576
/** 3,583 characters hold 895 whole groups of base64: 2,685 bytes. */
const MAX_CONTEXT_BYTES = Math.floor(3583 / 4) * 3

export const lambdaInbound: InboundCarrier = {
  name: 'lambda',
  context: (lambdaContext) => {
    const clientContext = fieldsOf(fieldsOf(lambdaContext)?.['clientContext'])
    return together(tokensIn(clientContext?.['custom'], ATTRIBUTE), tokensIn(clientContext?.['Custom'], ATTRIBUTE))
  },
  // Any payload that nobody else knows: an asynchronous invoke, a Step Functions task.
  single: {
    recognises: isStampedPayload,
    unload: (event) => unloadPayload(event),
  },
}

export const lambdaOutgoing: OutgoingCarrier = {
  client: 'Lambda',
  commands: { InvokeCommand: invoke, InvokeWithResponseStreamCommand: invoke },
}

function tokensIn(value: unknown, key: string): readonly string[] {
  const fields = fieldsOf(value)
  return fields !== undefined && Object.hasOwn(fields, key) ? [textOf(fields[key]) ?? ''] : []
}

function invoke(input: Fields, policy: TargetPolicy): Shipment | undefined {
  const type = input['InvocationType'] ?? 'RequestResponse'
  if (type === 'DryRun') return undefined
  const payload = input['Payload'] ?? Buffer.from('{}')
  const inPayload: Packing = {
    maxBytes: type === 'Event' ? MAX_ASYNC_BYTES : MAX_SYNC_BYTES,
    overheadBytes: BODY_OVERHEAD_BYTES,
    sizeOf: () => byteLength(payload),
    problemOf: () =>
      bodyProblem(policy, input['FunctionName']) ??
      nameProblem(input['DurableExecutionName'], policy) ??
      bytesProblem(payload),
    stamped: (request, token) => ({ ...request, Payload: spliceBytes(request['Payload'] ?? payload, token) }),
    exposedBytes: (_, flags) => exposedDataBytes(payload, flags),
    exposing: (request, flags) => ({ ...request, Payload: exposeInData(payload, flags) }),
  }
  return soleShipment(input, type === 'Event' ? inPayload : inContext(input, policy, payload, inPayload))
}

/** The client context, or the payload for a token that is too long for it. */
function inContext(input: Fields, policy: TargetPolicy, payload: unknown, inPayload: Packing): Packing {
  const context = contextOf(input['ClientContext'])
  const contextRoomBytes = context === undefined ? 0 : MAX_CONTEXT_BYTES - withToken(context.text, '').length
  const unnamed = attributeProblem(policy, input['FunctionName'])
  const stamped = context?.stamped === true || (unnamed === undefined && bytesStamped(payload))
  const payloadProblem = unnamed ?? inPayload.problemOf(input)
  const payloadRoomBytes =
    payloadProblem === undefined ? inPayload.maxBytes - inPayload.sizeOf(input) - inPayload.overheadBytes : 0
  const problem: Slot['problem'] | undefined =
    unnamed ?? (stamped ? 'already_stamped' : context === undefined ? payloadProblem : undefined)
  return {
    // A token goes into the one place or the other: its room is the larger of the two.
    maxBytes: Math.max(contextRoomBytes, payloadRoomBytes),
    overheadBytes: 0,
    sizeOf: () => 0,
    problemOf: () => problem,
    stamped: (request, token) =>
      context !== undefined && (token.length <= contextRoomBytes || payloadProblem !== undefined)
        ? { ...request, ClientContext: Buffer.from(withToken(context.text, token), 'latin1').toString('base64') }
        : inPayload.stamped(request, token),
  }
}

/** The caller's own client context as text, one character for one byte; `undefined` when nothing can be added to it. */
function contextOf(base64: unknown): { readonly text: string; readonly stamped: boolean } | undefined {
  const text = Buffer.from(textOf(base64) ?? 'e30=', 'base64').toString('latin1')
  const parsed = parseJson(text)
  if (!isPlainObject(parsed)) return undefined
  const { custom = {}, Custom } = parsed
  if (!isPlainObject(custom)) return undefined
  const stamped = tokensIn(custom, ATTRIBUTE).length + tokensIn(Custom, ATTRIBUTE).length > 0
  return { text, stamped }
}

function withToken(context: string, token: string): string {
  const member = `"${ATTRIBUTE}":"${token}"`
  const custom = membersAt(context, 'custom').at(-1)
  if (custom === undefined) return spliceMember(context, `"custom":{${member}}`)
  const { valueStart, valueEnd } = custom
  const inside = spliceMember(context.slice(valueStart, valueEnd), member)
  return context.slice(0, valueStart) + inside + context.slice(valueEnd)
}
