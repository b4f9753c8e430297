import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import { afterEach, describe, expect, test } from 'vitest'
import { type Kinesis, startKinesis } from '../../src/engines/kinesis.ts'
import { leaveMidRequest } from './leave-mid-request.ts'
import { LOCAL_CLIENT } from './local-client.ts'

const started: Kinesis[] = []
const clients: KinesisClient[] = []

async function start(path?: string): Promise<{ kinesis: Kinesis; client: KinesisClient }> {
  const kinesis = await startKinesis(path === undefined ? {} : { path })
  started.push(kinesis)
  return { kinesis, client: connect(new KinesisClient({ ...LOCAL_CLIENT, endpoint: kinesis.endpoint })) }
}

function connect(client: KinesisClient): KinesisClient {
  clients.push(client)
  return client
}

async function createStream(client: KinesisClient): Promise<void> {
  await client.send(new CreateStreamCommand({ StreamName: 'order-events', ShardCount: 1 }))
  await waitUntilStreamExists({ client, maxWaitTime: 5, minDelay: 1 }, { StreamName: 'order-events' })
}

async function readAll(client: KinesisClient): Promise<string[]> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName: 'order-events',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  )
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }))
  return Records.map((record) => Buffer.from(record.Data ?? []).toString())
}

const put = (text: string) =>
  new PutRecordCommand({ StreamName: 'order-events', PartitionKey: 'user-1', Data: Buffer.from(text) })

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  for (const kinesis of started.splice(0)) await kinesis.close()
})

describe('Kinesis', () => {
  test('answers the records that a default client put, in order', async () => {
    const { client } = await start()
    await createStream(client)
    await client.send(put('first'))
    await client.send(put('second'))
    expect(await readAll(client)).toEqual(['first', 'second'])
  })

  test('serves a client that speaks HTTP/1.1 on the same port', async () => {
    const { kinesis, client } = await start()
    await createStream(client)
    const response = await fetch(kinesis.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.ListStreams',
        'x-amz-date': '20260101T000000Z',
        authorization: 'AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=local',
      },
      body: '{}',
    })
    expect(await response.json()).toMatchObject({ StreamNames: ['order-events'] })
  })

  test('serves many concurrent puts of one client', async () => {
    const { client } = await start()
    await createStream(client)
    await Promise.all(Array.from({ length: 200 }, (_, index) => client.send(put(`order ${index}`))))
    expect(new Set(await readAll(client)).size).toBe(200)
  })

  test('takes a record of one MiB with its partition key, and refuses a byte more', async () => {
    const { client } = await start()
    await createStream(client)
    const fits = 'x'.repeat(1_048_576 - 'user-1'.length)
    await client.send(put(fits))
    await expect(client.send(put(`${fits}x`))).rejects.toMatchObject({ name: 'ValidationException' })
    const Records = [{ PartitionKey: 'user-1', Data: Buffer.from(`${fits}x`) }]
    const batch = new PutRecordsCommand({ StreamName: 'order-events', Records })
    await expect(client.send(batch)).rejects.toMatchObject({ name: 'ValidationException' })
  })

  test('refuses 501 records in one request', async () => {
    const { client } = await start()
    await createStream(client)
    const record = { PartitionKey: 'user-1', Data: Buffer.from('{}') }
    const many = new PutRecordsCommand({ StreamName: 'order-events', Records: Array(501).fill(record) })
    await expect(client.send(many)).rejects.toMatchObject({ name: 'ValidationException' })
  })

  test('outlives a client that goes away in the middle of a request', async () => {
    const { kinesis, client } = await start()
    await leaveMidRequest(kinesis.endpoint)
    await createStream(client)
  })

  test('refuses a request longer than the engine can hold, and outlives it', async () => {
    const { client } = await start()
    await createStream(client)
    const record = { PartitionKey: 'user-1', Data: Buffer.alloc(1_000_000) }
    const long = new PutRecordsCommand({ StreamName: 'order-events', Records: Array(8).fill(record) })
    await expect(client.send(long)).rejects.toMatchObject({ $metadata: { httpStatusCode: 413 } })
    await client.send(put('after'))
    expect(await readAll(client)).toEqual(['after'])
  })

  test('keeps its streams in the data directory', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'waybill-kinesis-'))
    try {
      const first = await start(dataDir)
      await createStream(first.client)
      await first.client.send(put('kept'))
      await first.kinesis.close()
      const second = await start(dataDir)
      expect(await readAll(second.client)).toEqual(['kept'])
      await second.kinesis.close()
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  test('refuses connections once closed, though a client is still connected', async () => {
    const { kinesis } = await start()
    const { hostname: host, port } = new URL(kinesis.endpoint)
    const idle = connectTcp({ host, port: Number(port) })
    await once(idle, 'connect')
    await Promise.all([once(idle, 'close'), kinesis.close()])
    await expect(fetch(kinesis.endpoint)).rejects.toThrow()
  })

  test('listens on the loopback interface', async () => {
    const { kinesis } = await start()
    expect(new URL(kinesis.endpoint).hostname).toBe('127.0.0.1')
  })
})
