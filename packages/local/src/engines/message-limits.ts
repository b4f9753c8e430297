/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
export const MAX_ATTRIBUTES = 10

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export const FORBIDDEN_CHARACTER: RegExp = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u

/** All entries of a PublishBatch together. https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
const MAX_PUBLISH_BATCH_BYTES = 262_144

export interface BatchEntry {
  readonly Id?: string
  readonly MessageAttributes?: Readonly<Record<string, unknown>>
}

export interface FailedEntry {
  readonly Id: string
  readonly SenderFault: true
  readonly Code: 'InvalidParameterValue'
  readonly Message: string
}

/** Why SQS refuses these attributes, in its own words, or undefined. */
export function refuseAttributes(attributes: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const count = Object.keys(attributes ?? {}).length
  if (count <= MAX_ATTRIBUTES) return undefined
  return `Number of message attributes [${count}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`
}

/** Parts a SendMessageBatch into what may be sent and what fails entry by entry. */
export function partBatch(entries: readonly BatchEntry[]): { accepted: BatchEntry[]; failed: FailedEntry[] } {
  const accepted: BatchEntry[] = []
  const failed: FailedEntry[] = []
  for (const entry of entries) {
    const refusal = refuseAttributes(entry.MessageAttributes)
    if (refusal === undefined) accepted.push(entry)
    else failed.push({ Id: entry.Id ?? '', SenderFault: true, Code: 'InvalidParameterValue', Message: refusal })
  }
  return { accepted, failed }
}

const SIZED = /^PublishBatchRequestEntries\.member\.\d+\.(Message$|MessageAttributes\.)/

/** Whether a PublishBatch, as the flat fields of the Query protocol, is longer than SNS takes in one request. */
export function isPublishBatchTooLong(fields: Readonly<Record<string, string>>): boolean {
  let bytes = 0
  for (const [name, value] of Object.entries(fields)) {
    if (!SIZED.test(name)) continue
    bytes += name.endsWith('.BinaryValue') ? Buffer.byteLength(value, 'base64') : Buffer.byteLength(value)
  }
  return bytes > MAX_PUBLISH_BATCH_BYTES
}
