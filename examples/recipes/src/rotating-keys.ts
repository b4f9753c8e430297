import { withHonouredDecisions } from '@waybill/core'
import { keysFromParameter } from '@waybill/powertools/parameter'
import { flags } from './flags.ts'

const keys = keysFromParameter('/shop/waybill-keys')
// Optional: loads while the function is initialised, when Lambda gives it the most processor.
await keys.refresh()

export const handler = withHonouredDecisions(
  async (order: { orderId: string }) => ({ ...order, canary: flags.get('new-order-flow') }),
  { flags, keys },
)
