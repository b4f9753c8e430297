import { withDecisions } from '@waybill/core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type OrdersTable, startOrdersTable } from './orders-table.ts'

let table: OrdersTable
let loyalty: typeof import('../../src/handlers/loyalty.ts').handler
let priceQuote: typeof import('../../src/handlers/price-quote.ts').handler
let fraudCheck: typeof import('../../src/handlers/fraud-check.ts').handler

const logged = vi.spyOn(console, 'log').mockReturnValue()

beforeAll(async () => {
  table = await startOrdersTable()
  loyalty = (await import('../../src/handlers/loyalty.ts')).handler
  priceQuote = (await import('../../src/handlers/price-quote.ts')).handler
  fraudCheck = (await import('../../src/handlers/fraud-check.ts')).handler
})
afterAll(() => table.close())

const onCanary = <R>(run: () => R): R => withDecisions({ 'new-order-flow': 'canary' }, run)

describe('loyalty', () => {
  const accepted = (orderId: string) => ({
    detail: { type: 'order_accepted' as const, orderId, userId: 'ada', cents: 1250 },
  })

  it('gives a point for each unit of money, and two on the canary, and logs which it ran', async () => {
    await loyalty(accepted('usual'))
    await onCanary(() => loyalty(accepted('double')))
    expect(await table.details('usual', 'points')).toEqual({ points: 12 })
    expect(await table.details('double', 'points')).toEqual({ points: 24 })
    const lines = logged.mock.calls.map(([line]) => JSON.parse(String(line)) as object)
    expect(lines).toContainEqual(expect.objectContaining({ orderId: 'usual', 'new-order-flow': 'control' }))
    expect(lines).toContainEqual(expect.objectContaining({ orderId: 'double', 'new-order-flow': 'canary' }))
  })
})

describe('price-quote', () => {
  const request = (orderId: string) => ({ queryStringParameters: { orderId, userId: 'ada', dish: 'ramen' } })

  it('takes the delivery fee into the price on the canary', async () => {
    expect(await priceQuote(request('usual'))).toMatchObject({ statusCode: 200, body: '{"cents":500}' })
    expect(await onCanary(() => priceQuote(request('fee')))).toMatchObject({ statusCode: 200, body: '{"cents":750}' })
  })

  it('answers 400 to a request without a dish', async () => {
    expect(await priceQuote({})).toMatchObject({ statusCode: 400 })
  })
})

describe('fraud-check', () => {
  it('judges by the new model on the canary', async () => {
    await onCanary(() => fraudCheck({ orderId: 'checked', userId: 'ada' }, {} as never))
    expect(await table.details('checked', 'fraud-check')).toEqual({ model: 'trees' })
    expect(await table.variation('checked', 'fraud-check')).toBe('canary')
  })
})
