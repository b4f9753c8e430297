import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KinesisClient, PutRecordsCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis'
import { bindWaybill, keysFromEnvironment, stampClient, withEvaluatedFlags } from '@waybill/core'
import { dynamoDbFlagReader } from '@waybill/dynamodb'
import { cachedSource } from '@waybill/flags'
import { flags, type RouteTaken, routeTaken } from '../flags.ts'
import { observers } from '../observers.ts'
import type { OrderPlaced } from '../order.ts'
import { recordOnce } from '../order-rows.ts'
import { resources } from '../resources.ts'

export interface ImportedOrder {
  readonly orderId: string
  readonly userId: string
}

export type ImportResult = readonly (ImportedOrder & RouteTaken)[]

const kinesis = stampClient(new KinesisClient(), { to: [resources.orderStream] })
const store = dynamoDbFlagReader({ client: new DynamoDBClient(), tableName: resources.flagsTable })

/** Decides for one order, and answers what goes onto the stream for it, bound to that decision. */
const placeOne = withEvaluatedFlags(
  async ({ orderId, userId }: ImportedOrder): Promise<{ route: RouteTaken; entry: PutRecordsRequestEntry }> => {
    const order: OrderPlaced = { type: 'order_placed', orderId, userId, dish: 'pho', cents: 300 }
    const preparation = flags.get('new-order-flow') ? { preparation: { minutes: 3, allergens: ['gluten'] } } : {}
    await recordOnce(orderId, 'order', userId, { imported: true })
    const Data = Buffer.from(JSON.stringify({ ...order, ...preparation }))
    // One shard takes all of them, so that one read can return them.
    return { route: routeTaken(), entry: bindWaybill({ PartitionKey: orderId, ExplicitHashKey: '0', Data }) }
  },
  {
    flags,
    source: cachedSource(store, { ttlSeconds: resources.flagsTtlSeconds }),
    keys: keysFromEnvironment(),
    context: ({ userId }: ImportedOrder) => ({ key: userId }),
    observers,
  },
)

/** An edge function for orders from elsewhere, up to 500 at a time: each is decided for, all are put at once. */
export const handler = async ({ orders }: { readonly orders: readonly ImportedOrder[] }): Promise<ImportResult> => {
  const placed = await Promise.all(orders.map(async (order) => ({ ...order, ...(await placeOne(order)) })))
  const { FailedRecordCount = 0 } = await kinesis.send(
    new PutRecordsCommand({ StreamName: resources.orderStream, Records: placed.map(({ entry }) => entry) }),
  )
  if (FailedRecordCount > 0) throw new Error(`${FailedRecordCount} of ${orders.length} orders were not taken`)
  return placed.map(({ orderId, userId, route }) => ({ orderId, userId, ...route }))
}
