import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { CreateStreamCommand, KinesisClient, PutRecordsCommand, waitUntilStreamExists } from '@aws-sdk/client-kinesis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startCutter } from '../../../src/engines/cutter.ts'
import { type Kinesis, startKinesis } from '../../../src/engines/kinesis.ts'
import { type LambdaHost, startLambdaHost } from '../../../src/lambda/host.ts'
import type { EventSourceMapping } from '../../../src/lambda/mappings/mapping.ts'
import { mapStream, type StreamMappingOptions } from '../../../src/lambda/mappings/stream.ts'

let engine: Kinesis
let client: KinesisClient
let host: LambdaHost
let mappings: EventSourceMapping[]
let lines: { readonly functionName: string; readonly line: string }[]

beforeAll(async () => {
  engine = await startKinesis()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  client = new KinesisClient({ region: 'us-east-1', endpoint: engine.endpoint, credentials })
})

beforeEach(() => {
  mappings = []
  lines = []
  host = startLambdaHost({ onLog: (line) => lines.push(line) })
  for (const [name, file] of [
    ['consumer', 'consumer'],
    ['other', 'consumer'],
    ['says-event', 'says-event'],
  ]) {
    const entry = fileURLToPath(new URL(`../handlers/${file}.mjs`, import.meta.url))
    host.deploy({ name: name ?? '', entry, maxConcurrency: 1 })
  }
})

afterEach(async () => {
  await Promise.all(mappings.map((mapping) => mapping.stop()))
  await host.close()
})

afterAll(async () => {
  client.destroy()
  await engine.close()
})

async function newStream(ShardCount = 1): Promise<{ streamName: string; streamArn: string }> {
  const StreamName = `stream-${randomUUID()}`
  await client.send(new CreateStreamCommand({ StreamName, ShardCount }))
  await waitUntilStreamExists({ client, maxWaitTime: 10, minDelay: 0.05, maxDelay: 0.05 }, { StreamName })
  return { streamName: StreamName, streamArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}` }
}

async function putAll(StreamName: string, records: readonly object[], spread = false): Promise<void> {
  const Records = records.map((record, index) => ({
    Data: Buffer.from(JSON.stringify(record)),
    PartitionKey: spread ? `key-${index}` : 'one',
  }))
  await client.send(new PutRecordsCommand({ StreamName, Records }))
}

async function map(
  stream: { streamName: string; streamArn: string },
  options: Partial<StreamMappingOptions> = {},
): Promise<EventSourceMapping> {
  const mapping = await mapStream({ client, ...stream, host, functionName: 'consumer', retryIntervalMs: 5, ...options })
  mappings.push(mapping)
  return mapping
}

const batches = (functionName = 'consumer'): readonly (readonly string[])[] =>
  lines
    .filter((line) => line.functionName === functionName)
    .flatMap(({ line }) => (line.startsWith('[') ? [JSON.parse(line)] : []))

test('a record arrives in the shape that Lambda documents, whatever its bytes are', async () => {
  const stream = await newStream()
  const Data = Buffer.from([0, 255, 10])
  const { Records: [put] = [] } = await client.send(
    new PutRecordsCommand({ StreamName: stream.streamName, Records: [{ Data, PartitionKey: 'ada' }] }),
  )
  await (await map(stream, { functionName: 'says-event' })).idle()
  expect(lines.map(({ line }) => JSON.parse(line))).toEqual([
    {
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey: 'ada',
            sequenceNumber: put?.SequenceNumber,
            data: Data.toString('base64'),
            approximateArrivalTimestamp: expect.any(Number),
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: `${put?.ShardId}:${put?.SequenceNumber}`,
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: 'arn:aws:iam::000000000000:role/local',
          awsRegion: 'us-east-1',
          eventSourceARN: stream.streamArn,
        },
      ],
    },
  ])
})

test('a batch is repeated from the lowest reported record on', async () => {
  const stream = await newStream()
  await putAll(stream.streamName, [{ id: 'a' }, { id: 'b', fail: 1 }, { id: 'c' }, { id: 'd', fail: 1 }, { id: 'e' }])
  const mapping = await map(stream)
  await mapping.idle()
  expect(batches()).toEqual([
    ['a', 'b', 'c', 'd', 'e'],
    ['b', 'c', 'd', 'e'],
  ])
  expect(mapping.delivered()).toBe(5)
})

test.each(['throw', 'empty', 'unknown'])('%s: the whole batch is repeated', async (how) => {
  const stream = await newStream()
  await putAll(stream.streamName, [{ id: 'a' }, { id: 'b', fail: 2, how }])
  const mapping = await map(stream)
  await mapping.idle()
  expect(batches()).toEqual([
    ['a', 'b'],
    ['a', 'b'],
    ['a', 'b'],
  ])
  expect(mapping.delivered()).toBe(2)
})

test('when the attempts are used up the rest of the batch is discarded, and the shard goes on', async () => {
  const stream = await newStream()
  const discarded: (readonly string[])[] = []
  await putAll(stream.streamName, [{ id: 'a' }, { id: 'poison', fail: 99 }, { id: 'c' }])
  const mapping = await map(stream, {
    maximumRetryAttempts: 2,
    onDiscarded: ({ records }) =>
      discarded.push(records.map(({ kinesis }) => JSON.parse(Buffer.from(kinesis.data, 'base64').toString()).id)),
  })
  await mapping.idle()
  await putAll(stream.streamName, [{ id: 'd' }])
  await mapping.idle()
  expect(batches()).toEqual([['a', 'poison', 'c'], ['poison', 'c'], ['poison', 'c'], ['poison', 'c'], ['d']])
  expect(discarded).toEqual([['poison', 'c']])
  expect(mapping.delivered()).toBe(2)
})

test('bisecting gives up nothing but the record that fails', async () => {
  const stream = await newStream()
  const discarded: number[] = []
  await putAll(stream.streamName, [
    { id: 'a' },
    { id: 'b' },
    { id: 'poison', fail: 99, how: 'throw' },
    { id: 'd' },
    { id: 'e' },
  ])
  const mapping = await map(stream, {
    bisectBatchOnFunctionError: true,
    maximumRetryAttempts: 1,
    onDiscarded: ({ records }) => discarded.push(records.length),
  })
  await mapping.idle()
  expect(batches()).toEqual([
    ['a', 'b', 'poison', 'd', 'e'],
    ['a', 'b', 'poison'],
    ['a', 'b'],
    ['poison'],
    ['poison'],
    ['d', 'e'],
  ])
  expect(discarded).toEqual([1])
  expect(mapping.delivered()).toBe(4)
})

test('a batch is cut where its event would exceed the limit', async () => {
  const stream = await newStream()
  await putAll(
    stream.streamName,
    Array.from({ length: 9 }, (_, id) => ({ id: `${id}` })),
  )
  await (await map(stream, { eventLimitBytes: 2000 })).idle()
  expect(batches().map((batch) => batch.length)).toEqual([3, 3, 3])
})

test('a record that holds up its shard does not hold up the others', async () => {
  const stream = await newStream(4)
  await putAll(stream.streamName, [{ id: 'stuck', fail: 1_000_000 }])
  const mapping = await map(stream)
  const ids = Array.from({ length: 100 }, (_, index) => `r${index}`)
  await putAll(
    stream.streamName,
    ids.map((id) => ({ id })),
    true,
  )
  // The shard of the stuck record takes about a quarter of the keys.
  await expect.poll(() => mapping.delivered(), { timeout: 10_000 }).toBeGreaterThan(50)
  await expect.poll(() => batches().filter((batch) => batch[0] === 'stuck').length).toBeGreaterThan(1)
})

test('records of one key keep their order over many batches', async () => {
  const stream = await newStream(2)
  const mapping = await map(stream, { batchSize: 7 })
  const ids = Array.from({ length: 100 }, (_, index) => `r${index}`)
  await putAll(
    stream.streamName,
    ids.map((id) => ({ id })),
  )
  await mapping.idle()
  expect(batches().flat()).toEqual(ids)
  expect(batches().every((batch) => batch.length <= 7)).toBe(true)
})

test('two mappings read one stream, each all of it', async () => {
  const stream = await newStream(2)
  const both = await Promise.all([map(stream), map(stream, { functionName: 'other' })])
  await putAll(
    stream.streamName,
    Array.from({ length: 20 }, (_, index) => ({ id: `r${index}` })),
    true,
  )
  await Promise.all(both.map((mapping) => mapping.idle()))
  expect(both.map((mapping) => mapping.delivered())).toEqual([20, 20])
  expect(batches('other').flat().sort()).toEqual(batches('consumer').flat().sort())
})

test('LATEST sees only what is put after the mapping is there', async () => {
  const stream = await newStream()
  await putAll(stream.streamName, [{ id: 'before' }])
  const mapping = await map(stream, { startingPosition: 'LATEST' })
  await putAll(stream.streamName, [{ id: 'after' }])
  await mapping.idle()
  expect(batches()).toEqual([['after']])
})

test('records are kept for a function that is not there yet', async () => {
  const stream = await newStream()
  await putAll(stream.streamName, [{ id: 'a' }])
  await host.stop('other')
  const errors: unknown[] = []
  const mapping = await map(stream, { functionName: 'other', onError: (error) => errors.push(error) })
  await expect.poll(() => errors[0]).toMatchObject({ code: 'unknown_function' })
  host.deploy({ name: 'other', entry: fileURLToPath(new URL('../handlers/consumer.mjs', import.meta.url)) })
  await mapping.idle()
  expect(batches('other')).toEqual([['a']])
})

test('a mapping survives a network that fails, and loses nothing', async () => {
  const cutter = await startCutter(engine.endpoint)
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const shaky = new KinesisClient({ region: 'us-east-1', endpoint: cutter.endpoint, credentials, maxAttempts: 1 })
  const stream = await newStream()
  const errors: unknown[] = []
  const mapping = await map(stream, { client: shaky, onError: (error) => errors.push(error) })
  await putAll(stream.streamName, [{ id: 'before' }])
  await mapping.idle()
  cutter.cut()
  await putAll(stream.streamName, [{ id: 'during' }])
  await expect.poll(() => errors.length).toBeGreaterThan(0)
  cutter.heal()
  await mapping.idle()
  expect(batches()).toEqual([['before'], ['during']])
  await mapping.stop()
  shaky.destroy()
  await cutter.close()
})
