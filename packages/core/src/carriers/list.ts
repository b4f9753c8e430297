import type { BatchInbound, Fields, InboundCarrier, SingleInbound } from './carrier.ts'
import { dynamodbStreamInbound } from './dynamodb-stream.ts'
import { eventbridgeInbound } from './eventbridge.ts'
import { firehoseInbound } from './firehose.ts'
import { httpInbound } from './http.ts'
import { kinesisInbound } from './kinesis.ts'
import { lambdaInbound } from './lambda.ts'
import { lambdaDestinationInbound } from './lambda-destination.ts'
import { snsInbound } from './sns.ts'
import { sqsInbound } from './sqs.ts'

/** All that comes in; the first that recognises an event has it. `lambda` takes any event: it comes last. */
export const INBOUND: readonly InboundCarrier[] = [
  httpInbound,
  sqsInbound,
  snsInbound,
  kinesisInbound,
  eventbridgeInbound,
  dynamodbStreamInbound,
  firehoseInbound,
  lambdaDestinationInbound,
  lambdaInbound,
]

export function singleCarrier(event: Fields): { readonly name: string; readonly inbound: SingleInbound } | undefined {
  for (const { name, single } of INBOUND) if (single?.recognises(event)) return { name, inbound: single }
  return undefined
}

export function batchCarrier(record: Fields): { readonly name: string; readonly inbound: BatchInbound } | undefined {
  for (const { name, batch } of INBOUND) if (batch?.recognises(record)) return { name, inbound: batch }
  return undefined
}

/** The tokens in a Lambda context; `undefined` when it has none. */
export function contextTokens(
  lambdaContext: unknown,
): { readonly name: string; readonly tokens: readonly string[] } | undefined {
  for (const { name, context } of INBOUND) {
    const tokens = context?.(lambdaContext) ?? []
    if (tokens.length > 0) return { name, tokens }
  }
  return undefined
}
