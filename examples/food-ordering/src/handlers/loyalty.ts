import { keysFromEnvironment, withHonouredDecisions } from '@waybill/core'
import { flags } from '../flags.ts'
import { log } from '../log.ts'
import { observers } from '../observers.ts'
import type { OrderAccepted } from '../order.ts'
import { recordOnce } from '../order-rows.ts'
import { plantedBug } from '../planted-bug.ts'
import { recalls } from '../recalls.ts'

/** Target of an EventBridge rule for `order_accepted`. The new flow gives double points. */
export const handler = withHonouredDecisions(
  async ({ detail }: { readonly detail: OrderAccepted }): Promise<void> => {
    const { orderId, userId, cents } = detail
    if (flags.get('new-order-flow')) await plantedBug(orderId, userId)
    const points = Math.floor(cents / 100) * (flags.get('new-order-flow') ? 2 : 1)
    await recordOnce(orderId, 'points', userId, { points })
    log('points given', { orderId, points })
  },
  { flags, keys: keysFromEnvironment(), observers, ...recalls },
)
