import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import middy from '@middy/core'
import { stampClient } from '@waybill/core'
import { dynamoDbFlagReader } from '@waybill/dynamodb'
import { cachedSource } from '@waybill/flags'
import { evaluateFlags } from '@waybill/middy'
import { variationMetrics } from '@waybill/powertools/metrics'
import { flags, keys } from './flags.ts'

const store = dynamoDbFlagReader({ client: new DynamoDBClient({}), tableName: 'flags' })
const kinesis = stampClient(new KinesisClient({}), { to: ['order-events'] })

interface Request {
  readonly queryStringParameters?: { readonly userId?: string }
}

export const handler = middy(async (event: Request) => {
  const userId = event.queryStringParameters?.userId
  const order = {
    orderId: crypto.randomUUID(),
    userId,
    extra: flags.get('new-order-flow') ? 'for the canary' : undefined,
  }
  await kinesis.send(
    new PutRecordCommand({
      StreamName: 'order-events',
      PartitionKey: order.orderId,
      Data: Buffer.from(JSON.stringify(order)),
    }),
  )
  return { statusCode: 202, body: JSON.stringify(order) }
}).use(
  evaluateFlags<Request>({
    flags,
    keys,
    source: cachedSource(store, { ttlSeconds: 15 }),
    context: (event) => ({ key: event.queryStringParameters?.userId ?? '' }),
    observers: [variationMetrics()],
  }),
)
