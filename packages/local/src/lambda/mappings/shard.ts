import {
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis'
import { type KinesisRecord, kinesisRecord } from './kinesis-record.ts'

export interface ShardPosition {
  readonly client: KinesisClient
  readonly streamName: string
  readonly streamArn: string
  readonly shardId: string
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST'
}

export interface ShardRead {
  readonly records: readonly KinesisRecord[]
  /** The read came to the end of what the shard holds. */
  readonly atTip: boolean
}

export interface ShardReader {
  readonly read: (limit: number, signal: AbortSignal) => Promise<ShardRead>
}

/** Reads one shard from its starting position on, each record once. The position is taken before this resolves. */
export async function openShard(position: ShardPosition): Promise<ShardReader> {
  const { client, streamName, streamArn, shardId, startingPosition } = position
  let lastSequenceNumber: string | undefined

  const seek = async (): Promise<string | undefined> => {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({
        StreamName: streamName,
        ShardId: shardId,
        ...(lastSequenceNumber === undefined
          ? { ShardIteratorType: startingPosition }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: lastSequenceNumber }),
      }),
    )
    return ShardIterator
  }

  let iterator: string | undefined = await seek()
  return {
    read: async (limit, signal) => {
      // A closed shard ends without a next iterator.
      if (iterator === undefined) return { records: [], atTip: true }
      try {
        const {
          Records = [],
          NextShardIterator,
          MillisBehindLatest = 0,
        } = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: limit }), { abortSignal: signal })
        // kinesalite numbers a record before it is written, and moves an empty read's iterator on to the present: what
        // was being written meanwhile would be passed over for ever. So an empty read is repeated from where it was.
        if (Records.length > 0 || NextShardIterator === undefined) iterator = NextShardIterator
        lastSequenceNumber = Records.at(-1)?.SequenceNumber ?? lastSequenceNumber
        const records = Records.map((record) => kinesisRecord(record, shardId, streamArn))
        return { records, atTip: records.length === 0 && MillisBehindLatest === 0 }
      } catch (error) {
        // Iterators live five minutes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
        if (!(error instanceof ExpiredIteratorException)) throw error
        iterator = await seek()
        return { records: [], atTip: false }
      }
    },
  }
}
