import { keysFromEnvironment, withHonouredDecisions, withRecordScope } from '@waybill/core'
import { flags } from '../flags.ts'
import { log } from '../log.ts'
import { observers } from '../observers.ts'
import { recordOnce } from '../order-rows.ts'
import { plantedBug } from '../planted-bug.ts'
import { recalls } from '../recalls.ts'
import { type BatchResponse, type KinesisEvent, type KinesisRecord, orderIn } from '../stream-record.ts'

/** Tells the kitchen. The new flow prints a preparation card, for which the order must hold the extra information. */
async function notifyRestaurant(record: KinesisRecord): Promise<void> {
  const startedMs = performance.now()
  const { orderId, userId, dish, preparation } = orderIn(record)
  if (flags.get('new-order-flow')) {
    if (preparation === undefined) throw new Error(`Order ${orderId} says nothing of its preparation`)
    await plantedBug(orderId, userId)
    const { minutes, allergens } = preparation
    await recordOnce(orderId, 'restaurant-notification', userId, { dish, minutes, allergens })
  } else {
    await recordOnce(orderId, 'restaurant-notification', userId, { dish })
  }
  log('restaurant notified', { orderId, tookMs: performance.now() - startedMs })
}

const notifyOne = withRecordScope(notifyRestaurant)

export const handler = withHonouredDecisions(
  async ({ Records }: KinesisEvent): Promise<BatchResponse> => {
    for (const record of Records) {
      try {
        await notifyOne(record)
      } catch (error) {
        console.error(JSON.stringify({ level: 'ERROR', message: String(error) }))
        // Lambda repeats everything from the lowest reported record on, so what follows it is left for then.
        return { batchItemFailures: [{ itemIdentifier: record.kinesis.sequenceNumber }] }
      }
    }
    return { batchItemFailures: [] }
  },
  { flags, keys: keysFromEnvironment(), observers, ...recalls },
)
