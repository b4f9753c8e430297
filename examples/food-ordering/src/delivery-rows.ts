import { randomUUID } from 'node:crypto'
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { routeTaken } from './flags.ts'
import { resources } from './resources.ts'

/**
 * Writes down one delivery and the way that it took, repeats included, where there is a table for that: what a run under
 * faults is checked by, since `recordOnce` keeps the first delivery only.
 */
export async function recordDelivery(
  client: DynamoDBClient,
  orderId: string,
  row: string,
  userId: string,
): Promise<void> {
  if (resources.deliveriesTable === undefined) return
  const { variation, flagVersion, origin } = routeTaken()
  await client.send(
    new PutItemCommand({
      TableName: resources.deliveriesTable,
      Item: {
        orderId: { S: orderId },
        delivery: { S: `${row}#${randomUUID()}` },
        userId: { S: userId },
        variation: { S: variation },
        flagVersion: { N: String(flagVersion) },
        origin: { S: origin },
        atMs: { N: String(Date.now()) },
      },
    }),
  )
}
