import { keysFromEnvironment, withHonouredDecisions } from '@waybill/core'
import { flags } from '../flags.ts'
import { log } from '../log.ts'
import { observers } from '../observers.ts'
import { recordOnce } from '../order-rows.ts'
import { recalls } from '../recalls.ts'

interface QuoteRequest {
  readonly queryStringParameters?: Readonly<Record<string, string>>
}

/** `GET /quote`, called over HTTP by the edge function. The new flow takes the delivery fee into the price. */
export const handler = withHonouredDecisions(
  async (event: QuoteRequest) => {
    const { orderId, userId, dish } = event.queryStringParameters ?? {}
    if (!orderId || !userId || !dish)
      return { statusCode: 400, body: '{"error":"orderId, userId and dish are needed"}' }
    const cents = dish.length * 100 + (flags.get('new-order-flow') ? 250 : 0)
    await recordOnce(orderId, 'quote', userId, { cents })
    log('price quoted', { orderId, cents })
    return { statusCode: 200, body: JSON.stringify({ cents }) }
  },
  { flags, keys: keysFromEnvironment(), observers, ...recalls },
)
