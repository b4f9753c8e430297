import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import middy, { type MiddyfiedHandler } from '@middy/core'
import { keysFromEnvironment, withRecordScope } from '@waybill/core'
import { honourDecisions } from '@waybill/middy'
import { flags } from '../flags.ts'
import { log } from '../log.ts'
import { observers } from '../observers.ts'
import type { OrderAccepted } from '../order.ts'
import { recordOnce } from '../order-rows.ts'
import { plantedBug } from '../planted-bug.ts'
import { recalls } from '../recalls.ts'
import type { BatchResponse } from '../stream-record.ts'
import { timeOutsAreLambdas } from '../time-outs.ts'

// No interface, as in `stream-record.ts`.
type SqsRecord = {
  readonly messageId: string
  readonly body: string
}

const processor = new BatchProcessor(EventType.SQS)

/** Hangs off SNS by a queue, without raw delivery: the body is SNS's envelope. */
async function notifyUser({ body }: SqsRecord): Promise<void> {
  const startedMs = performance.now()
  const { Message } = JSON.parse(body) as { Message: string }
  const { orderId, userId } = JSON.parse(Message) as OrderAccepted
  if (flags.get('new-order-flow')) await plantedBug(orderId, userId)
  const text = flags.get('new-order-flow') ? 'Your order is being prepared' : 'Your order was accepted'
  await recordOnce(orderId, 'user-notification', userId, { text })
  log('user notified', { orderId, tookMs: performance.now() - startedMs })
}

const notifyEach = withRecordScope(notifyUser)

interface SqsEvent {
  readonly Records: SqsRecord[]
}

export const handler: MiddyfiedHandler<SqsEvent, BatchResponse> = middy(
  (event: SqsEvent) => processPartialResponse(event, notifyEach, processor),
  timeOutsAreLambdas,
).use(honourDecisions({ flags, keys: keysFromEnvironment(), observers, ...recalls }))
