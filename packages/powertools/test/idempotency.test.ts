import {
  IdempotencyConfig,
  IdempotencyItemAlreadyExistsError,
  IdempotencyItemNotFoundError,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency'
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware'
import { BasePersistenceLayer, type IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence'
import middy from '@middy/core'
import { withHonouredDecisions, withRecordScope } from '@waybill/core'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { flags, keys, kinesisRecord, payloadOf, sqsRecord, tokenOf } from './fixture.ts'

class MemoryPersistence extends BasePersistenceLayer {
  readonly #records = new Map<string, IdempotencyRecord>()

  protected async _putRecord(record: IdempotencyRecord): Promise<void> {
    const existing = this.#records.get(record.idempotencyKey)
    if (existing !== undefined) throw new IdempotencyItemAlreadyExistsError('seen before', existing)
    this.#records.set(record.idempotencyKey, record)
  }

  protected async _getRecord(key: string): Promise<IdempotencyRecord> {
    const record = this.#records.get(key)
    if (record === undefined) throw new IdempotencyItemNotFoundError('never seen')
    return record
  }

  protected async _updateRecord(record: IdempotencyRecord): Promise<void> {
    this.#records.set(record.idempotencyKey, record)
  }

  protected async _deleteRecord(record: IdempotencyRecord): Promise<void> {
    this.#records.delete(record.idempotencyKey)
  }
}

const order = { orderId: 7, dish: 'soup' }
const MINUTE = 60
const decidedAt = Math.floor(Date.now() / 1000)
const tokens = [tokenOf('canary', decidedAt - MINUTE), tokenOf('canary', decidedAt)]

// Powertools would say each time that it does not know how much time is left.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => undefined))

function till() {
  const charged: unknown[] = []
  const charge = async (payload: unknown): Promise<string> => {
    charged.push([payload, flags.detail('new-order-flow').variation])
    return 'charged'
  }
  return { charged, charge, persistenceStore: new MemoryPersistence() }
}

const transports = [
  { transport: 'Kinesis', record: kinesisRecord, unscoped: 2 },
  { transport: 'SQS', record: sqsRecord, unscoped: 1 },
]

describe.each(transports)('the same order sent twice over $transport', ({ record, unscoped }) => {
  const consumer = () => {
    const { charged, charge, persistenceStore } = till()
    const once = makeIdempotent(charge, { persistenceStore, config: new IdempotencyConfig({}), dataIndexArgument: 0 })
    return { charged, onRecord: (one: ReturnType<typeof record>) => once(payloadOf(one)) }
  }
  const deliveries = tokens.map((token, index) => ({ Records: [record(index, order, token)] }))

  test('is one side effect, whatever its tokens', async () => {
    const { charged, onRecord } = consumer()
    const scoped = withRecordScope(onRecord)
    const handler = withHonouredDecisions(
      ({ Records }: (typeof deliveries)[number]) => Promise.all(Records.map((one) => scoped(one))),
      { flags, keys },
    )
    expect(tokens[0]).not.toBe(tokens[1])
    for (const delivery of deliveries) expect(await handler(delivery)).toEqual(['charged'])
    expect(charged).toEqual([[order, 'canary']])
  })

  test(`would be ${unscoped} to a consumer that does not take the token out`, async () => {
    const { charged, onRecord } = consumer()
    for (const { Records } of deliveries) await Promise.all(Records.map((one) => onRecord(one)))
    expect(charged).toHaveLength(unscoped)
  })
})

test('the same asynchronous invocation twice is one side effect of an idempotent handler', async () => {
  const { charged, charge, persistenceStore } = till()
  const once = middy(charge).use(makeHandlerIdempotent({ persistenceStore }))
  const handler = withHonouredDecisions(
    (payload: object) => once(payload, { getRemainingTimeInMillis: () => 1000 } as never),
    { flags, keys },
  )
  for (const token of tokens) expect(await handler({ ...order, _waybill: token })).toBe('charged')
  expect(charged).toEqual([[order, 'canary']])
})
