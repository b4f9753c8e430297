import {
  ATTRIBUTE,
  attributeProblem,
  byteLength,
  type Carrier,
  type Fields,
  fieldsOf,
  type Shipment,
  type Slot,
  slotOf,
  type TargetPolicy,
  textOf,
  type Unloaded,
  without,
} from './carrier.ts'
import { unloadEnvelope } from './nested.ts'

/*
 * SQS: one String attribute, so that the body, and with it a FIFO queue's content-based de-duplication, stays as it was.
 * - a message and a batch: 1 MiB, bodies and attributes together; a queue's own MaximumMessageSize may be less
 * - 10 attributes a message
 *   https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 * - the event: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
const MAX_BYTES = 1_048_576
const MAX_ATTRIBUTES = 10
/** An attribute's name and type count, as well as its value. */
const OVERHEAD_BYTES = ATTRIBUTE.length + 'String'.length

export const sqs: Carrier = {
  name: 'sqs',
  batch: {
    recordsKey: 'Records',
    recognises: (record) => record['eventSource'] === 'aws:sqs',
    idOf: (record) => textOf(record['messageId']),
    unload: (record) => unloadAttribute(record) ?? unloadBody(record),
  },
  commands: {
    SendMessageCommand: (input, policy) => {
      const slot = slotFor(input, input['QueueUrl'], policy)
      return {
        slots: [slot],
        totalRoomBytes: slot.roomBytes,
        write: ([token]) => (token ? stamped(input, token) : input),
      }
    },
    SendMessageBatchCommand: (input, policy): Shipment => {
      const entries = (Array.isArray(input['Entries']) ? input['Entries'] : []) as readonly Fields[]
      const used = entries.reduce((sum, entry) => sum + sizeOf(entry), 0)
      return {
        slots: entries.map((entry) => slotFor(entry, input['QueueUrl'], policy)),
        totalRoomBytes: MAX_BYTES - used,
        write: (tokens) => ({
          ...input,
          Entries: entries.map((entry, index) => {
            const token = tokens[index]
            return token === undefined ? entry : stamped(entry, token)
          }),
        }),
      }
    },
  },
}

/** Also the shape of an SNS message delivered raw, whose attribute is binary. */
function unloadAttribute(record: Fields): Unloaded | undefined {
  const attributes = fieldsOf(record['messageAttributes'])
  const attribute = fieldsOf(attributes?.[ATTRIBUTE])
  if (attributes === undefined || attribute === undefined) return undefined
  const binary = textOf(attribute['binaryValue'])
  const token = textOf(attribute['stringValue']) ?? (binary && Buffer.from(binary, 'base64').toString('latin1'))
  return {
    tokens: token === undefined ? [] : [token],
    clean: { ...record, messageAttributes: without(attributes, ATTRIBUTE) },
  }
}

/** SNS in its envelope, and EventBridge, come in the body. */
function unloadBody(record: Fields): Unloaded {
  const body = textOf(record['body'])
  const inner = body === undefined ? undefined : unloadEnvelope(body)
  return inner === undefined
    ? { tokens: [], clean: record }
    : { tokens: inner.tokens, clean: inner.clean === body ? record : { ...record, body: inner.clean } }
}

function slotFor(entry: Fields, queueUrl: unknown, policy: TargetPolicy): Slot {
  const attributes = fieldsOf(entry['MessageAttributes'])
  const roomBytes = MAX_BYTES - sizeOf(entry) - OVERHEAD_BYTES
  if (attributes !== undefined && ATTRIBUTE in attributes) return slotOf(entry, roomBytes, 'already_stamped')
  const full = attributes !== undefined && Object.keys(attributes).length >= MAX_ATTRIBUTES
  return slotOf(entry, roomBytes, full ? 'attributes_full' : attributeProblem(policy, queueUrl))
}

function sizeOf(entry: Fields): number {
  return byteLength(entry['MessageBody']) + attributesSize(fieldsOf(entry['MessageAttributes']))
}

/** Names, types and values of message attributes, as SQS and SNS count them. */
export function attributesSize(attributes: Fields | undefined): number {
  let size = 0
  for (const name in attributes) {
    const attribute = fieldsOf(attributes[name])
    size += byteLength(name) + byteLength(attribute?.['DataType'])
    size += byteLength(attribute?.['StringValue']) + byteLength(attribute?.['BinaryValue'])
  }
  return size
}

function stamped(entry: Fields, token: string): Fields {
  const attribute = { DataType: 'String', StringValue: token }
  return { ...entry, MessageAttributes: { ...fieldsOf(entry['MessageAttributes']), [ATTRIBUTE]: attribute } }
}
