import {
  ATTRIBUTE,
  attributeProblem,
  byteLength,
  type Fields,
  fieldsOf,
  type InboundCarrier,
  type OutgoingCarrier,
  type TargetPolicy,
  textOf,
  together,
  type Unloaded,
  withoutAttributes,
} from './carrier.ts'
import { isStamped } from './json-splice.ts'
import {
  attributesProblem,
  attributesSize,
  exposedAttributesBytes,
  withAttribute,
  withExposed,
} from './message-attributes.ts'
import { unloadText } from './nested.ts'
import { batchShipment, type Packing, soleShipment } from './shipment.ts'

/*
 * SQS: one String attribute, so that the body, and with it a FIFO queue's content-based de-duplication, stays as it was.
 * - a message and a batch: 1 MiB, bodies and attributes together; a queue's own MaximumMessageSize may be less
 * - 10 attributes a message
 *   https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 * - the event: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
const MAX_BYTES = 1_048_576
/** An attribute's name and type count, as well as its value. */
const OVERHEAD_BYTES = ATTRIBUTE.length + 'String'.length

export const sqsInbound: InboundCarrier = {
  name: 'sqs',
  batch: {
    recordsKey: 'Records',
    recognises: (record) => record['eventSource'] === 'aws:sqs',
    idOf: (record) => textOf(record['messageId']),
    unload: (record) => {
      const attribute = unloadAttribute(record)
      const body = unloadBody(attribute.clean)
      return { tokens: together(attribute.tokens, body.tokens), clean: body.clean }
    },
  },
}

export const sqsOutgoing: OutgoingCarrier = {
  client: 'SQS',
  commands: {
    SendMessageCommand: (input, policy) => soleShipment(input, packing(input['QueueUrl'], policy)),
    SendMessageBatchCommand: (input, policy) =>
      batchShipment(input, 'Entries', MAX_BYTES, packing(input['QueueUrl'], policy)),
  },
}

/** Also the shape of an SNS message delivered raw, whose attribute is binary. */
function unloadAttribute(record: Fields): Unloaded {
  const attributes = fieldsOf(record['messageAttributes'])
  const others = attributes && withoutAttributes(attributes)
  if (attributes === undefined || others === attributes) return { tokens: [], clean: record }
  const clean = { ...record, messageAttributes: others }
  if (!Object.hasOwn(attributes, ATTRIBUTE)) return { tokens: [], clean }
  const attribute = fieldsOf(attributes[ATTRIBUTE])
  const binary = Buffer.from(textOf(attribute?.['binaryValue']) ?? '', 'base64').toString('latin1')
  return { tokens: [textOf(attribute?.['stringValue']) ?? binary], clean }
}

/** SNS in its envelope, EventBridge, and events that were stamped by hand, come in the body. */
function unloadBody(record: Fields): Unloaded {
  const body = textOf(record['body'])
  if (body === undefined) return { tokens: [], clean: record }
  const { tokens, clean } = unloadText(body)
  return { tokens, clean: clean === body ? record : { ...record, body: clean } }
}

function packing(queueUrl: unknown, policy: TargetPolicy): Packing {
  return {
    maxBytes: MAX_BYTES,
    overheadBytes: OVERHEAD_BYTES,
    sizeOf: (entry) => byteLength(entry['MessageBody']) + attributesSize(entry['MessageAttributes']),
    problemOf: (entry) =>
      attributeProblem(policy, queueUrl) ??
      (isStamped(entry['MessageBody']) ? 'already_stamped' : attributesProblem(entry['MessageAttributes'])),
    stamped: (entry, token) => withAttribute(entry, { DataType: 'String', StringValue: token }),
    exposedBytes: (entry, flags) => exposedAttributesBytes(entry['MessageAttributes'], flags),
    exposing: withExposed,
  }
}
