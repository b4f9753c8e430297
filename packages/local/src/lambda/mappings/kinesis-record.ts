import type { _Record } from '@aws-sdk/client-kinesis'

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html#services-kinesis-event-example */
export interface KinesisRecord {
  readonly kinesis: {
    readonly kinesisSchemaVersion: '1.0'
    readonly partitionKey: string
    readonly sequenceNumber: string
    /** Base64. */
    readonly data: string
    /** Seconds since the epoch, with decimals. */
    readonly approximateArrivalTimestamp: number
  }
  readonly eventSource: 'aws:kinesis'
  readonly eventVersion: '1.0'
  readonly eventID: string
  readonly eventName: 'aws:kinesis:record'
  readonly invokeIdentityArn: string
  readonly awsRegion: string
  readonly eventSourceARN: string
}

/** A record of a shard as a function sees it. */
export function kinesisRecord(record: _Record, shardId: string, streamArn: string): KinesisRecord {
  const [, , , awsRegion = '', accountId = ''] = streamArn.split(':')
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: record.PartitionKey ?? '',
      sequenceNumber: record.SequenceNumber ?? '',
      data: Buffer.from(record.Data ?? []).toString('base64'),
      approximateArrivalTimestamp: (record.ApproximateArrivalTimestamp?.getTime() ?? 0) / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shardId}:${record.SequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: `arn:aws:iam::${accountId}:role/local`,
    awsRegion,
    eventSourceARN: streamArn,
  }
}
