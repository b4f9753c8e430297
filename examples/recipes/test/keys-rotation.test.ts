import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import {
  declareFlags,
  type Observer,
  stampClient,
  withEvaluatedFlags,
  withHonouredDecisions,
  withRecordScope,
} from '@waybill/core'
import { memorySource } from '@waybill/flags'
import { type ParameterStore, type SqsSns, startParameterStore, startSqsSns } from '@waybill/local'
import { keysFromParameter } from '@waybill/powertools/parameter'
import type { SQSEvent, SQSRecord } from 'aws-lambda'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { newQueue } from './keys-queue.ts'

const flags = declareFlags({ f: { variations: { control: false, canary: true }, default: 'control' } })
const source = memorySource()
source.flag('f', { control: false, canary: true }).percentage('canary', 100)

const key = (id: string, fill: number) => ({ id, secret: Buffer.alloc(32, fill).toString('base64') })
const k1 = key('k1', 1)
const k2 = key('k2', 2)
const subjectSecret = Buffer.alloc(32, 9).toString('base64')
const TTL_SECONDS = 300
const RETENTION_SECONDS = 14 * 86_400

let ssm: ParameterStore
let sqs: SqsSns
let operator: SSMClient
beforeAll(async () => {
  ssm = await startParameterStore()
  sqs = await startSqsSns()
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  vi.stubEnv('AWS_ENDPOINT_URL_SSM', ssm.endpoint)
  vi.stubEnv('AWS_ENDPOINT_URL_SQS', sqs.endpoint)
  operator = new SSMClient({})
})
afterAll(async () => {
  operator.destroy()
  await sqs.close()
  await ssm.close()
  vi.unstubAllEnvs()
})

let nowMs = Date.parse('2026-11-21T08:00:00Z')
const pass = (seconds: number): void => {
  nowMs += seconds * 1000
}
const clock = () => nowMs
const put = (document: object) =>
  operator.send(
    new PutParameterCommand({
      Name: '/keys',
      Type: 'SecureString',
      Value: JSON.stringify({ ...document, subjectSecret }),
      Overwrite: true,
    }),
  )

type Queue = Awaited<ReturnType<typeof newQueue>>
let queue: Queue
let runs = 0
beforeEach(async () => {
  runs += 1
  queue = await newQueue(sqs.endpoint, `orders-${runs}`)
})
afterEach(() => queue.close())

const ownKeys = () => keysFromParameter('/keys', { ttlSeconds: TTL_SECONDS, jitter: 0, nowMs: clock })

/** One execution environment of the edge: its own keys, in memory since its own first request. */
function newEdge() {
  const client = stampClient(new SQSClient({}))
  const handler = withEvaluatedFlags(
    (order: { orderId: string }) =>
      client.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: JSON.stringify(order) })),
    { flags, source, keys: ownKeys(), context: (order) => ({ key: `user of ${order.orderId}` }), nowMs: clock },
  )
  return (orderId: string) => handler({ orderId })
}

/** One execution environment of the consumer, with what it counted. */
function newConsumer() {
  const counts: Record<string, number> = {}
  const observer: Observer = {
    reportsCounts: true,
    end: (report) => {
      for (const [code, by] of report.counts) counts[code] = (counts[code] ?? 0) + by
    },
  }
  const onRecord = withRecordScope(async (record: SQSRecord) => {
    const { orderId } = JSON.parse(record.body) as { orderId: string }
    return `${orderId} ${flags.detail('f').variation} ${flags.detail('f').origin}`
  })
  const handler = withHonouredDecisions((event: SQSEvent) => Promise.all(event.Records.map((one) => onRecord(one))), {
    flags,
    keys: ownKeys(),
    observers: [observer],
    nowMs: clock,
  })
  /** Takes all that waits in the queue, or what was taken. */
  const consume = async (event?: SQSEvent) => (await handler(event ?? (await queue.take()))).toSorted()
  return { counts, consume }
}

const honoured = (...orderIds: string[]) => orderIds.toSorted().map((orderId) => `${orderId} canary propagated`)

/** The keys that signed these messages, in order. */
const signersOf = ({ Records }: SQSEvent): readonly (string | undefined)[] =>
  Records.map((record) => record.messageAttributes['waybill']?.stringValue?.split('.')[1]).toSorted()

describe('a rotation', () => {
  it('loses no decision of any message in flight, and lets none in that a retired key signed', async () => {
    await put({ signing: k1 })
    const [early, late] = [newEdge(), newEdge()]
    const [first, second] = [newConsumer(), newConsumer()]
    // Environments load at different times: so do their keys grow old.
    await early('1')
    expect(await first.consume()).toEqual(honoured('1'))
    pass(TTL_SECONDS / 2)
    await late('2')
    expect(await second.consume()).toEqual(honoured('2'))

    // Two orders that a consumer crashes over: they wait in the dead-letter queue, signed with the old key.
    await early('dead-1')
    await late('dead-2')
    await queue.crash()
    // And one that waits in the queue.
    await early('waiting-1')

    // Step 1: the new key verifies everywhere.
    await put({ signing: k1, verifying: [k2] })
    await late('3')
    expect(await second.consume()).toEqual(honoured('3', 'waiting-1'))
    // Wait: until every environment has loaded it, each at its own time.
    pass(TTL_SECONDS / 2)
    await early('4')
    expect(await first.consume()).toEqual(honoured('4'))
    pass(TTL_SECONDS / 2)
    await late('5')
    expect(await second.consume()).toEqual(honoured('5'))
    await early('waiting-2')
    await late('waiting-3')

    // Step 2: the new key signs, in some environments earlier than in others.
    await put({ signing: k2, verifying: [k1] })
    pass(TTL_SECONDS / 2)
    await early('6')
    await late('7')
    const mixed = await queue.take()
    expect(signersOf(mixed)).toEqual(['k1', 'k1', 'k1', 'k2'])
    // The second consumer still has what it loaded in step 1.
    expect(await second.consume(mixed)).toEqual(honoured('6', '7', 'waiting-2', 'waiting-3'))
    expect(await first.consume(mixed)).toEqual(honoured('6', '7', 'waiting-2', 'waiting-3'))
    pass(TTL_SECONDS / 2)
    await early('8')
    await late('9')
    const moved = await queue.take()
    expect(signersOf(moved)).toEqual(['k2', 'k2'])
    expect(await second.consume(moved)).toEqual(honoured('8', '9'))
    // Between the steps, as long as any queue may keep what the old key signed. On the last day one of the dead is sent back.
    pass(RETENTION_SECONDS)
    expect(await queue.redrive(1)).toBe(1)
    expect(await first.consume()).toEqual(honoured('dead-1'))

    // Step 3: the old key is gone, and with it what it signed.
    await put({ signing: k2 })
    pass(TTL_SECONDS)
    expect(await queue.redrive(1)).toBe(1)
    expect(await first.consume()).toEqual(['dead-2 control default'])
    await early('11')
    expect(await second.consume()).toEqual(honoured('11'))

    expect(first.counts).toEqual({ unknown_key: 1, refused: 1 })
    expect(second.counts).toEqual({})
  })

  it('in haste, without the first step, is mended by one look for each environment', async () => {
    await put({ signing: k1 })
    const [edge, consumer] = [newEdge(), newConsumer()]
    await edge('1')
    expect(await consumer.consume()).toEqual(honoured('1'))
    pass(TTL_SECONDS - 1)
    const reads = ssm.reads()
    await put({ signing: k2, verifying: [k1] })
    // An environment that starts now signs with a key that the consumer has never heard of.
    const fresh = newEdge()
    for (const orderId of ['2', '3', '4']) await fresh(orderId)
    expect(await consumer.consume()).toEqual(honoured('2', '3', '4'))
    expect(ssm.reads() - reads).toBe(2)
    expect(consumer.counts).toEqual({})
  })

  it('leaves subjects’ fingerprints as they were', async () => {
    await put({ signing: k1 })
    const before = newEdge()
    await before('1')
    await put({ signing: k2 })
    await newEdge()('1')
    const event = await queue.take()
    const parts = event.Records.map((record) => record.messageAttributes['waybill']?.stringValue?.split('.'))
    expect(signersOf(event)).toEqual(['k1', 'k2'])
    expect(parts[0]?.[3]).toBe(parts[1]?.[3])
    expect(parts[0]?.[3]).toMatch(/^[\w-]{16}$/)
  })
})
