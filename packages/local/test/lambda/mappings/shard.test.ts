import { GetRecordsCommand, GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { expect, test } from 'vitest'
import { openShard } from '../../../src/lambda/mappings/shard.ts'

test('an empty read is repeated from where it was: the engine may still be writing a record that it has numbered', async () => {
  const asked: (string | undefined)[] = []
  const answers = [
    { Records: [], NextShardIterator: 'past-the-record' },
    { Records: [{ SequenceNumber: '1', Data: Buffer.from('{}') }], NextShardIterator: 'after-the-record' },
    { Records: [], NextShardIterator: 'further' },
  ]
  const send = async (command: unknown): Promise<unknown> => {
    if (command instanceof GetShardIteratorCommand) return { ShardIterator: 'start' }
    if (!(command instanceof GetRecordsCommand)) throw new Error('not asked for')
    asked.push(command.input.ShardIterator)
    return answers.shift()
  }
  const shard = await openShard({
    client: { send } as unknown as KinesisClient,
    streamName: 'orders',
    streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
    shardId: 'shardId-000000000000',
    startingPosition: 'TRIM_HORIZON',
  })
  const { signal } = new AbortController()
  const lengths = [await shard.read(10, signal), await shard.read(10, signal), await shard.read(10, signal)].map(
    ({ records }) => records.length,
  )
  expect(lengths).toEqual([0, 1, 0])
  expect(asked).toEqual(['start', 'start', 'after-the-record'])
})
