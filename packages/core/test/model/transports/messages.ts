import type { Input } from '../sdk.ts'
import { at, batchOr, bodyToken, entriesIn, type Form, type Transport, toBase64, utf8 } from './transport.ts'

function ownAttributes(count: number): Input {
  const names = Array.from({ length: count }, (_, index) => `own${index}`)
  return Object.fromEntries(names.map((name) => [name, { DataType: 'String', StringValue: name }]))
}

const attributeToken = (entry: Input): string | undefined => {
  const attribute = at(entry, 'MessageAttributes')['waybill'] as Input | undefined
  if (attribute === undefined) return undefined
  return attribute['StringValue'] === undefined ? utf8(attribute['BinaryValue']) : String(attribute['StringValue'])
}

const withAttributes = (fields: Input, { attributes }: Form): Input =>
  attributes === 0 ? fields : { ...fields, MessageAttributes: ownAttributes(attributes) }

function sqsAttributes(attributes: Input): Input {
  const delivered = Object.entries(attributes).map(([name, value]) => {
    const { DataType, StringValue, BinaryValue } = value as Input
    const held = StringValue === undefined ? { binaryValue: toBase64(BinaryValue) } : { stringValue: StringValue }
    return [name, { ...held, stringListValues: [], binaryListValues: [], dataType: DataType }]
  })
  return Object.fromEntries(delivered)
}

export function sqsRecord(body: string, messageAttributes: Input, id: string): Input {
  return {
    messageId: id,
    receiptHandle: `receipt-${id}`,
    body,
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1760000000000' },
    messageAttributes,
    md5OfBody: 'not looked at',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:queue',
    awsRegion: 'eu-west-1',
  }
}

/** SNS gives attributes as type and value, binary ones in base64; with `MessageStructure: json` it drops them. */
export function snsMessage(entry: Input, id: string): { Message: string; MessageAttributes?: Input } & Input {
  const structured = entry['MessageStructure'] === 'json'
  const attributes = Object.entries(at(entry, 'MessageAttributes')).map(([name, value]) => {
    const { DataType, StringValue, BinaryValue } = value as Input
    return [name, { Type: DataType, Value: StringValue ?? toBase64(BinaryValue) }]
  })
  const text = String(entry['Message'])
  return {
    Type: 'Notification',
    MessageId: id,
    TopicArn: 'arn:aws:sns:eu-west-1:123456789012:topic',
    Message: structured ? String(JSON.parse(text).default) : text,
    Timestamp: '2025-10-09T08:53:20.000Z',
    ...(structured || attributes.length === 0 ? {} : { MessageAttributes: Object.fromEntries(attributes) }),
  }
}

export const sqs: Transport = {
  service: 'SQS',
  inbound: 'records',
  slot: 'attribute',
  most: 10,
  entry: (text, id, form) => withAttributes({ Id: id, MessageBody: text }, form),
  command: (entries, target) => batchOr(entries, 'SendMessage', { QueueUrl: target }, 'Entries'),
  entriesOf: (command) => entriesIn(command, 'Entries'),
  tokenOf: (entry) => attributeToken(entry) ?? bodyToken(String(entry['MessageBody'])),
  deliver: (entry, id) => ({
    event: sqsRecord(String(entry['MessageBody']), sqsAttributes(at(entry, 'MessageAttributes')), id),
  }),
  textOf: (record) => String(record['body']),
}

export const sns: Transport = {
  ...sqs,
  service: 'SNS',
  entry: (text, id, form) =>
    form.structured
      ? withAttributes({ Id: id, Message: JSON.stringify({ default: text }), MessageStructure: 'json' }, form)
      : withAttributes({ Id: id, Message: text }, form),
  command: (entries, target) => batchOr(entries, 'Publish', { TopicArn: target }, 'PublishBatchRequestEntries'),
  entriesOf: (command) => entriesIn(command, 'PublishBatchRequestEntries'),
  tokenOf: (entry) => attributeToken(entry) ?? bodyToken(String(entry['Message'])),
  inbound: 'event',
  // A notification comes alone in its event.
  deliver: (entry, id) => ({
    event: { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', Sns: snsMessage(entry, id) }] },
  }),
  textOf: (event) => String(at((event['Records'] as Input[])[0], 'Sns')['Message']),
}

export const snsToSqs: Transport = {
  ...sns,
  inbound: 'records',
  deliver: (entry, id) => ({ event: sqsRecord(JSON.stringify(snsMessage(entry, id), undefined, 2), {}, id) }),
  textOf: (record) => String(JSON.parse(String(record['body'])).Message),
}

export const snsToSqsRaw: Transport = {
  ...sns,
  inbound: 'records',
  deliver: (entry, id) => {
    const dropped = entry['MessageStructure'] === 'json'
    const attributes = dropped ? {} : sqsAttributes(at(entry, 'MessageAttributes'))
    return { event: sqsRecord(snsMessage(entry, id).Message, attributes, id) }
  },
  textOf: (record) => String(record['body']),
}
