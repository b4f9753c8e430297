import { withHonouredDecisions, withRecordScope } from '@waybill/core'
import { keysFromSecret } from '@waybill/powertools/secret'
import type { SQSEvent, SQSRecord } from 'aws-lambda'
import { flags } from '../flags.ts'

const onRecord = withRecordScope(async (record: SQSRecord) => {
  const { orderId } = JSON.parse(record.body) as { orderId: string }
  return { orderId, flow: flags.detail('new-order-flow').variation, cause: flags.detail('new-order-flow').cause }
})

/** In the warehouse's account: believes what the shop signed for it, and can sign nothing. */
export const handler = withHonouredDecisions(
  (event: SQSEvent) => Promise.all(event.Records.map((record) => onRecord(record))),
  {
    flags,
    // The shop's other secret, by its ARN: {"verifying":[{"id":"shop1","secret":"…"}]}
    keys: keysFromSecret(process.env['SHOP_KEYS_ARN'] ?? ''),
    audience: 'warehouse',
  },
)
