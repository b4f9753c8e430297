import { CreateStreamCommand, KinesisClient, ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { CreateQueueCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, describe, expect, test } from 'vitest'
import { type Cutter, startCutter } from '../../src/engines/cutter.ts'
import { startKinesis } from '../../src/engines/kinesis.ts'
import { startSqsSns } from '../../src/engines/sqs-sns.ts'
import { LOCAL_CLIENT } from './local-client.ts'

const closing: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function queuesBehindCutter(): Promise<{ cutter: Cutter; direct: SQSClient; sqs: SQSClient }> {
  const engine = await startSqsSns()
  const cutter = await startCutter(engine.endpoint)
  const sqs = new SQSClient({ ...LOCAL_CLIENT, endpoint: cutter.endpoint, maxAttempts: 1 })
  const direct = new SQSClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint })
  closing.push(
    engine.close,
    cutter.close,
    () => sqs.destroy(),
    () => direct.destroy(),
  )
  return { cutter, direct, sqs }
}

const create = (QueueName: string) => new CreateQueueCommand({ QueueName })

/** Answers 'no answer' when the engine is still silent after the client has seen a whole other request through. */
async function isAnswered(request: Promise<unknown>, meanwhile: () => Promise<unknown>): Promise<boolean> {
  let answered = false
  const settled = () => {
    answered = true
  }
  request.then(settled, settled)
  await meanwhile()
  return answered
}

describe('the cutter', () => {
  test('passes everything through while whole, and keeps queue URLs behind itself', async () => {
    const { cutter, sqs } = await queuesBehindCutter()
    const { QueueUrl } = await sqs.send(create('orders'))
    expect(QueueUrl).toBe(`${cutter.endpoint}/000000000000/orders`)
    expect(new URL(cutter.endpoint).hostname).toBe('127.0.0.1')
  })

  test('resets connections while cut, and serves the same data once healed', async () => {
    const { cutter, sqs } = await queuesBehindCutter()
    await sqs.send(create('orders'))
    cutter.cut()
    await expect(sqs.send(create('other'))).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect(sqs.send(create('other'))).rejects.toMatchObject({ code: 'ECONNRESET' })
    cutter.heal()
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'orders' }))).QueueUrl).toContain('/orders')
  })

  test('leads to the engine that took the place of a dead one', async () => {
    const { cutter, sqs } = await queuesBehindCutter()
    const other = await queuesBehindCutter()
    await other.direct.send(create('elsewhere'))
    cutter.cut()
    cutter.lead(other.cutter.endpoint)
    cutter.heal()
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'elsewhere' }))).QueueUrl).toContain('/elsewhere')
  })

  test('answers nothing while hanging, on old and new connections alike', async () => {
    const { cutter, direct, sqs } = await queuesBehindCutter()
    await sqs.send(create('orders'))
    cutter.hang()
    const fresh = new SQSClient({ ...LOCAL_CLIENT, endpoint: cutter.endpoint, maxAttempts: 1 })
    closing.push(() => fresh.destroy())
    const requests = [sqs.send(create('old')), fresh.send(create('new'))]
    for (const request of requests) expect(await isAnswered(request, () => direct.send(create('b')))).toBe(false)
    cutter.heal()
    await Promise.all(requests.map((request) => expect(request).rejects.toThrow()))
    // What was sent into the silence never arrives.
    await expect(direct.send(new GetQueueUrlCommand({ QueueName: 'old' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    })
    expect((await sqs.send(create('after'))).QueueUrl).toContain('/after')
  })

  test('refuses connections once closed', async () => {
    const { cutter } = await queuesBehindCutter()
    await cutter.close()
    await expect(fetch(cutter.endpoint)).rejects.toThrow()
  })

  test('may cut Kinesis in the middle of its requests: the engine outlives it', async () => {
    const kinesis = await startKinesis()
    const cutter = await startCutter(kinesis.endpoint)
    const direct = new KinesisClient({ ...LOCAL_CLIENT, endpoint: kinesis.endpoint })
    const client = new KinesisClient({ ...LOCAL_CLIENT, endpoint: cutter.endpoint, maxAttempts: 1 })
    closing.push(
      kinesis.close,
      cutter.close,
      () => direct.destroy(),
      () => client.destroy(),
    )
    await direct.send(new CreateStreamCommand({ StreamName: 'order-events', ShardCount: 1 }))
    const Data = Buffer.alloc(900_000)
    for (let round = 0; round < 5; round++) {
      const record = () => new PutRecordCommand({ StreamName: 'order-events', PartitionKey: 'p', Data })
      const puts = Promise.allSettled(Array.from({ length: 5 }, () => client.send(record())))
      await direct.send(new ListStreamsCommand())
      cutter.cut()
      await puts
      cutter.heal()
    }
    expect((await client.send(new ListStreamsCommand())).StreamNames).toEqual(['order-events'])
  })
})
