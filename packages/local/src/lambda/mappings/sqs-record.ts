import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs'

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event */
export interface SqsRecord {
  readonly messageId: string
  readonly receiptHandle: string
  readonly body: string
  readonly attributes: Readonly<Record<string, string>>
  readonly messageAttributes: Readonly<Record<string, SqsRecordAttribute>>
  readonly md5OfMessageAttributes?: string
  readonly md5OfBody: string
  readonly eventSource: 'aws:sqs'
  readonly eventSourceARN: string
  readonly awsRegion: string
}

export interface SqsRecordAttribute {
  readonly stringValue?: string
  /** Base64. */
  readonly binaryValue?: string
  readonly stringListValues: readonly string[]
  readonly binaryListValues: readonly string[]
  readonly dataType: string
}

/** A received message as a function sees it. */
export function sqsRecord(message: Message, queueArn: string): SqsRecord {
  const attributes = Object.entries(message.MessageAttributes ?? {})
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: { ...message.Attributes },
    messageAttributes: Object.fromEntries(attributes.map(([name, value]) => [name, recordAttribute(value)])),
    ...(message.MD5OfMessageAttributes === undefined ? {} : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  }
}

function recordAttribute({ DataType, StringValue, BinaryValue }: MessageAttributeValue): SqsRecordAttribute {
  return {
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType ?? 'String',
  }
}
