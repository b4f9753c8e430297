import type { BatchInbound, Carrier, Fields, Shipment, SingleInbound, TargetPolicy } from './carrier.ts'
import { dynamodb } from './dynamodb.ts'
import { dynamodbStream } from './dynamodb-stream.ts'
import { eventbridge } from './eventbridge.ts'
import { firehose } from './firehose.ts'
import { http } from './http.ts'
import { kinesis } from './kinesis.ts'
import { lambda } from './lambda.ts'
import { lambdaDestination } from './lambda-destination.ts'
import { sns } from './sns.ts'
import { sqs } from './sqs.ts'
import { stepFunctions } from './step-functions.ts'

/** Every carrier; the first that recognises an event has it. `lambda` takes any event: it comes last. */
export const CARRIERS: readonly Carrier[] = [
  http,
  sqs,
  sns,
  kinesis,
  eventbridge,
  dynamodbStream,
  dynamodb,
  firehose,
  stepFunctions,
  lambdaDestination,
  lambda,
]

/** The `serviceId` of each AWS SDK client whose commands can carry a token. */
export const CLIENTS: readonly string[] = CARRIERS.flatMap(({ client }) => client ?? [])

/** Lays an outgoing request open; `undefined` when nothing in it is ever stamped. */
export function openShipment(
  client: string,
  commandName: string,
  input: Fields,
  policy: TargetPolicy,
): Shipment | undefined {
  return COMMANDS.get(`${client} ${commandName}`)?.(input, policy)
}

/** By client too: Kinesis and Firehose both have a `PutRecordCommand`. */
const COMMANDS = new Map(
  CARRIERS.flatMap(({ client, commands = {} }) =>
    Object.entries(commands).map(([name, open]) => [`${client} ${name}`, open] as const),
  ),
)

export function singleCarrier(event: Fields): { readonly name: string; readonly inbound: SingleInbound } | undefined {
  for (const { name, single } of CARRIERS) if (single?.recognises(event)) return { name, inbound: single }
  return undefined
}

export function batchCarrier(record: Fields): { readonly name: string; readonly inbound: BatchInbound } | undefined {
  for (const { name, batch } of CARRIERS) if (batch?.recognises(record)) return { name, inbound: batch }
  return undefined
}

/** The tokens in a Lambda context; `undefined` when it has none. */
export function contextTokens(
  lambdaContext: unknown,
): { readonly name: string; readonly tokens: readonly string[] } | undefined {
  for (const { name, context } of CARRIERS) {
    const tokens = context?.(lambdaContext) ?? []
    if (tokens.length > 0) return { name, tokens }
  }
  return undefined
}
