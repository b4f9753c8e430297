import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { recordDelivery } from './delivery-rows.ts'
import { routeTaken } from './flags.ts'
import { resources } from './resources.ts'

/** What can come of one order: one row each, under the order's id. */
export type OrderRow =
  | 'order'
  | 'quote'
  | 'fraud-check'
  | 'acceptance'
  | 'restaurant-notification'
  | 'user-notification'
  | 'points'

const dynamodb = new DynamoDBClient()

/** Writes down an attempt that may come to nothing, where deliveries are written down. */
export function recordAttempt(orderId: string, attempt: string, userId: string): Promise<void> {
  return recordDelivery(dynamodb, orderId, attempt, userId)
}

/**
 * Writes what came of an order, and the way that was taken, once: a message that is delivered again changes nothing.
 * Answers whether this was the first time.
 */
export async function recordOnce(orderId: string, row: OrderRow, userId: string, details: object): Promise<boolean> {
  await recordDelivery(dynamodb, orderId, row, userId)
  const { variation, flagVersion, origin } = routeTaken()
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: resources.ordersTable,
        Item: {
          orderId: { S: orderId },
          row: { S: row },
          userId: { S: userId },
          variation: { S: variation },
          flagVersion: { N: String(flagVersion) },
          origin: { S: origin },
          atMs: { N: String(Date.now()) },
          details: { S: JSON.stringify(details) },
        },
        ConditionExpression: 'attribute_not_exists(orderId)',
      }),
    )
    return true
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false
    throw error
  }
}
