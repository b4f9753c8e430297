import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { type FlagSource, stampClient, withEvaluatedFlags, withHonouredDecisions, withRecordScope } from '@waybill/core'
import { flags, keys } from '../flags.ts'

const sqs = stampClient(new SQSClient({}))

export interface Order {
  readonly orderId: string
  readonly userId: string
  readonly country: string
}

/** The edge, fed by any provider: decides, and sends the order on. */
export function orderTaker(source: FlagSource) {
  return withEvaluatedFlags(
    async (order: Order) => {
      const MessageBody = JSON.stringify(order)
      await sqs.send(new SendMessageCommand({ QueueUrl: process.env['ORDERS_URL'], MessageBody }))
      return { statusCode: 202, variation: flags.detail('new-order-flow').variation }
    },
    { flags, keys, source, context: ({ userId, country }) => ({ key: userId, country }) },
  )
}

interface QueueRecord {
  readonly messageId: string
  readonly body: string
}

const onRecord = withRecordScope(async ({ body }: QueueRecord) => {
  const { orderId } = JSON.parse(body) as Order
  return `${orderId}: ${flags.detail('new-order-flow').variation}`
})

/** The consumer, which knows of no provider. */
export const packer = withHonouredDecisions(
  ({ Records }: { readonly Records: readonly QueueRecord[] }) => Promise.all(Records.map((record) => onRecord(record))),
  { flags, keys },
)
