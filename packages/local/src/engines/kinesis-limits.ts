/** One record's data and partition key together. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html */
const MAX_RECORD_BYTES = 1_048_576

export interface PutRecordInput {
  /** Base64, as in the request. */
  readonly Data: string
  readonly PartitionKey: string
}

export interface PutRecordsInput {
  readonly Records: readonly PutRecordInput[]
}

/** Why Kinesis refuses this record, or undefined. */
export function refuseRecord({ Data: data, PartitionKey: partitionKey }: PutRecordInput): string | undefined {
  const bytes = Buffer.byteLength(data, 'base64') + Buffer.byteLength(partitionKey)
  if (bytes <= MAX_RECORD_BYTES) return undefined
  return `A record of ${bytes} bytes, its partition key included, exceeds the maximum of ${MAX_RECORD_BYTES}.`
}

/** Why Kinesis refuses these records as a whole, or undefined. */
export function refuseRecords({ Records: records }: PutRecordsInput): string | undefined {
  return records.map(refuseRecord).find((refusal) => refusal !== undefined)
}
