import { describe, expect, it } from 'vitest'
import { createWaybill, openToken, runWithWaybill, stampEvent, withHonouredDecisions } from '../../src/index.ts'
import { flags, httpEvent, keys } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

describe('an order event stamped by hand', () => {
  it('carries a readable block for analytics and the token that proves it', async () => {
    const order = Object.freeze({ type: 'order_placed', orderId: 'o-1' })
    const handler = withHonouredDecisions(() => stampEvent(order), { flags, keys })
    const event = await handler(httpEvent({ 'x-waybill': tokenFor('canary') }))
    expect(event).toMatchObject({
      ...order,
      _decisions: { 'new-order-flow': { variation: 'canary', version: 7, reason: 'FALLTHROUGH' } },
    })
    expect(openToken(event._waybill ?? '', keys)).toHaveProperty('waybill')
  })

  it('is the same event where nothing was decided', () => {
    const order = { orderId: 'o-1' }
    expect(stampEvent(order)).toBe(order)
  })

  it('keeps a token that it has', async () => {
    const handler = withHonouredDecisions(() => stampEvent({ _waybill: 'mine' }), { flags, keys })
    expect(await handler(httpEvent({ 'x-waybill': tokenFor('canary') }))).toEqual({ _waybill: 'mine' })
  })
})

describe('a waybill made by hand', () => {
  it('is current for what runs with it, and takes its keys from the scope around', async () => {
    const waybill = createWaybill({ decisions: [{ flag: 'new-order-flow', variation: 'canary', value: true }] })
    const handler = withHonouredDecisions(
      () => runWithWaybill(waybill, () => [flags.get('new-order-flow'), typeof stampEvent({ a: 1 })._waybill]),
      { flags, keys },
    )
    expect(await handler(httpEvent({}))).toEqual([true, 'string'])
    expect(runWithWaybill(waybill, () => flags.get('new-order-flow'))).toBe(true)
  })
})
