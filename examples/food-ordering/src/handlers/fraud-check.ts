import middy, { type MiddyfiedHandler } from '@middy/core'
import { keysFromEnvironment } from '@waybill/core'
import { honourDecisions } from '@waybill/middy'
import { flags } from '../flags.ts'
import { log } from '../log.ts'
import { observers } from '../observers.ts'
import { recordOnce } from '../order-rows.ts'
import { recalls } from '../recalls.ts'
import { timeOutsAreLambdas } from '../time-outs.ts'

interface FraudCheck {
  readonly orderId: string
  readonly userId: string
}

interface Verdict {
  readonly approved: boolean
}

/** Invoked by the edge function, which waits for the answer. */
async function checkFraud({ orderId, userId }: FraudCheck): Promise<Verdict> {
  const model = flags.get('new-order-flow') ? 'trees' : 'rules'
  await recordOnce(orderId, 'fraud-check', userId, { model })
  log('fraud checked', { orderId, model })
  return { approved: true }
}

export const handler: MiddyfiedHandler<FraudCheck, Verdict> = middy(checkFraud, timeOutsAreLambdas).use(
  honourDecisions({ flags, keys: keysFromEnvironment(), observers, ...recalls }),
)
