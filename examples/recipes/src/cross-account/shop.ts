import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { stampClient, withEvaluatedFlags } from '@waybill/core'
import { dynamoDbFlagReader } from '@waybill/dynamodb'
import { cachedSource } from '@waybill/flags'
import { keysFromSecret } from '@waybill/powertools/secret'
import { flags } from '../flags.ts'

const store = dynamoDbFlagReader({ client: new DynamoDBClient({}), tableName: 'flags' })
const sqs = stampClient(new SQSClient({}))

interface Order {
  readonly orderId: string
  readonly userId: string
}

/** In the shop's account: decides, and signs with the shop's key for one audience. */
export const handler = withEvaluatedFlags(
  async (order: Order) => {
    await sqs.send(new SendMessageCommand({ QueueUrl: process.env['ORDERS_URL'], MessageBody: JSON.stringify(order) }))
    return { statusCode: 202 }
  },
  {
    flags,
    source: cachedSource(store, { ttlSeconds: 15 }),
    context: (order) => ({ key: order.userId }),
    // {"signing":{"id":"shop1","secret":"…"},"subjectSecret":"…"}
    keys: keysFromSecret('shop/warehouse-chain'),
    audience: 'warehouse',
  },
)
