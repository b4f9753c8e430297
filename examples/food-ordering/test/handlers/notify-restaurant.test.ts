import { withDecisions } from '@waybill/core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { KinesisEvent } from '../../src/stream-record.ts'
import { type OrdersTable, startOrdersTable } from './orders-table.ts'

let table: OrdersTable
let handler: typeof import('../../src/handlers/notify-restaurant.ts').handler

vi.spyOn(console, 'log').mockReturnValue()
vi.spyOn(console, 'error').mockReturnValue()

beforeAll(async () => {
  table = await startOrdersTable()
  handler = (await import('../../src/handlers/notify-restaurant.ts')).handler
})
afterAll(() => table.close())

const preparation = { minutes: 20, allergens: ['gluten'] }

function batch(...orders: readonly { readonly orderId: string; readonly preparation?: object }[]): KinesisEvent {
  return {
    Records: orders.map((order, index) => ({
      eventSource: 'aws:kinesis',
      eventID: `shardId-000000000000:${index}`,
      kinesis: {
        sequenceNumber: String(index),
        data: Buffer.from(JSON.stringify({ userId: 'ada', dish: 'ramen', ...order })).toString('base64'),
      },
    })),
  }
}

describe('notify-restaurant', () => {
  it('prints a preparation card on the canary', async () => {
    const event = batch({ orderId: 'card', preparation })
    await withDecisions({ 'new-order-flow': 'canary' }, () => handler(event))
    expect(await table.details('card', 'restaurant-notification')).toEqual({ dish: 'ramen', ...preparation })
    expect(await table.variation('card', 'restaurant-notification')).toBe('canary')
  })

  it('tells the kitchen of the dish alone on control, whatever the order says', async () => {
    await withDecisions({ 'new-order-flow': 'control' }, () => handler(batch({ orderId: 'plain', preparation })))
    expect(await table.details('plain', 'restaurant-notification')).toEqual({ dish: 'ramen' })
  })

  it('cannot handle an order of the old flow on the canary, and reports where it stopped', async () => {
    const event = batch({ orderId: 'new', preparation }, { orderId: 'old' }, { orderId: 'after', preparation })
    const answer = await withDecisions({ 'new-order-flow': 'canary' }, () => handler(event))
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] })
    expect(await table.details('new', 'restaurant-notification')).toMatchObject({ minutes: 20 })
    expect(await table.details('old', 'restaurant-notification')).toBeNull()
    expect(await table.details('after', 'restaurant-notification')).toBeNull()
  })

  it('tells the kitchen once of an order that is delivered twice', async () => {
    const event = batch({ orderId: 'twice', preparation })
    await withDecisions({ 'new-order-flow': 'canary' }, () => handler(event))
    await withDecisions({ 'new-order-flow': 'control' }, () => handler(event))
    expect(await table.variation('twice', 'restaurant-notification')).toBe('canary')
  })
})
