import {
  ATTRIBUTE,
  attributeProblem,
  byteLength,
  type Fields,
  fieldsOf,
  type InboundCarrier,
  type OutgoingCarrier,
  type Shipment,
  type Slot,
  type TargetPolicy,
  textOf,
} from './carrier.ts'
import { isStamped } from './json-splice.ts'
import {
  attributesProblem,
  attributesSize,
  exposedAttributesBytes,
  withAttribute,
  withExposed,
} from './message-attributes.ts'
import { unloadMessage } from './payload.ts'
import { batchShipment, type Packing, soleShipment } from './shipment.ts'

/*
 * SNS: one Binary attribute. A String one takes part in subscription filter policies, and breaks those that cannot parse
 * it; filter policies pass over a Binary one.
 *   https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
 * - a message, and a batch: 256 KiB with attributes, by default; a topic's own MaximumMessageSize may be more
 *   https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 *   https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
 * - the event: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
 */
const MAX_BYTES = 262_144
/** An attribute's name and type count, as well as its value. */
const OVERHEAD_BYTES = ATTRIBUTE.length + 'Binary'.length

export const snsInbound: InboundCarrier = {
  name: 'sns',
  batch: {
    recordsKey: 'Records',
    recognises: (record) => record['EventSource'] === 'aws:sns',
    idOf: (record) => textOf(fieldsOf(record['Sns'])?.['MessageId']),
    unload: (record) => {
      const message = fieldsOf(record['Sns'])
      if (message === undefined) return { tokens: [], clean: record }
      const { tokens, clean } = unloadMessage(message)
      return { tokens, clean: clean === message ? record : { ...record, Sns: clean } }
    },
    // "Records" holds one notification: https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
    alwaysAlone: true,
  },
}

export const snsOutgoing: OutgoingCarrier = {
  client: 'SNS',
  commands: { PublishCommand: publish, PublishBatchCommand: publishBatch },
}

function publish(input: Fields, policy: TargetPolicy): Shipment | undefined {
  const topic = textOf(input['TopicArn']) ?? textOf(input['TargetArn'])
  // A text message to a phone, or a push to a device's endpoint: no function of ours is behind either.
  if (topic === undefined || topic.split(':')[5]?.startsWith('endpoint/')) return undefined
  return soleShipment(input, packing(topic, policy))
}

function publishBatch(input: Fields, policy: TargetPolicy): Shipment {
  return batchShipment(input, 'PublishBatchRequestEntries', MAX_BYTES, packing(input['TopicArn'], policy))
}

function packing(topic: unknown, policy: TargetPolicy): Packing {
  return {
    maxBytes: MAX_BYTES,
    overheadBytes: OVERHEAD_BYTES,
    // Whether the subject counts is not documented; counting it is the safe side.
    sizeOf: (entry) =>
      byteLength(entry['Message']) + byteLength(entry['Subject']) + attributesSize(entry['MessageAttributes']),
    problemOf: (entry) => attributeProblem(policy, topic) ?? entryProblem(entry),
    stamped: (entry, token) => withAttribute(entry, { DataType: 'Binary', BinaryValue: Buffer.from(token) }),
    exposedBytes: (entry, flags) => exposedAttributesBytes(entry['MessageAttributes'], flags),
    exposing: withExposed,
  }
}

function entryProblem(entry: Fields): Slot['problem'] | undefined {
  // Attributes "are sent only when the message structure is String, not JSON".
  if (entry['MessageStructure'] === 'json') return 'uncarried'
  return isStamped(entry['Message']) ? 'already_stamped' : attributesProblem(entry['MessageAttributes'])
}
