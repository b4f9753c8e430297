import type { Fields, OutgoingCarrier, Shipment, TargetPolicy } from '../carriers/carrier.ts'
import { dynamodbOutgoing } from '../carriers/dynamodb.ts'
import { eventbridgeOutgoing } from '../carriers/eventbridge.ts'
import { firehoseOutgoing } from '../carriers/firehose.ts'
import { kinesisOutgoing } from '../carriers/kinesis.ts'
import { lambdaOutgoing } from '../carriers/lambda.ts'
import { snsOutgoing } from '../carriers/sns.ts'
import { sqsOutgoing } from '../carriers/sqs.ts'
import { stepFunctionsOutgoing } from '../carriers/step-functions.ts'

/** All that goes out, one for each AWS SDK client whose commands can carry a token. */
export const OUTGOING: readonly OutgoingCarrier[] = [
  sqsOutgoing,
  snsOutgoing,
  kinesisOutgoing,
  eventbridgeOutgoing,
  dynamodbOutgoing,
  firehoseOutgoing,
  stepFunctionsOutgoing,
  lambdaOutgoing,
]

/**
 * Lays an outgoing request open; `undefined` when nothing in it is ever stamped. Commands are found by client too:
 * Kinesis and Firehose both have a `PutRecordCommand`.
 */
export function openShipment(
  client: string,
  commandName: string,
  input: Fields,
  policy: TargetPolicy,
): Shipment | undefined {
  const commands = OUTGOING.find((one) => one.client === client)?.commands ?? {}
  return Object.hasOwn(commands, commandName) ? commands[commandName]?.(input, policy) : undefined
}
