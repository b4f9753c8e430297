import type { OrderPlaced } from './order.ts'

/** What these handlers read of a record: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
// No interface: Powertools takes records that have an index signature, which only a type has by itself.
export type KinesisRecord = {
  readonly kinesis: { readonly data: string; readonly sequenceNumber: string }
}

export interface KinesisEvent {
  readonly Records: KinesisRecord[]
}

export function orderIn(record: KinesisRecord): OrderPlaced {
  return JSON.parse(Buffer.from(record.kinesis.data, 'base64').toString()) as OrderPlaced
}

/** `ReportBatchItemFailures`: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html */
export interface BatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[]
}
