import {
  currentWaybill,
  keysFromEnvironment,
  runWithWaybill,
  type Waybill,
  withHonouredDecisions,
  withRecordScope,
} from '@waybill/core'
import { flags } from '../../../src/flags.ts'
import { recordOnce } from '../../../src/order-rows.ts'
import { type KinesisEvent, type KinesisRecord, orderIn } from '../../../src/stream-record.ts'

// The fault: what belongs to one record is kept for all that this environment will ever see.
let current: Waybill | undefined

const notifyOne = withRecordScope(async (record: KinesisRecord): Promise<void> => {
  const { orderId, userId } = orderIn(record)
  current ??= currentWaybill()
  if (current === undefined) throw new Error('the record has no waybill')
  await runWithWaybill(current, () => recordOnce(orderId, 'restaurant-notification', userId, {}))
})

/** In place of `notify-restaurant`. */
export const handler = withHonouredDecisions(
  async ({ Records }: KinesisEvent): Promise<void> => {
    for (const record of Records) await notifyOne(record)
  },
  { flags, keys: keysFromEnvironment() },
)
