import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import type { OrderRow } from '../order-rows.ts'
import type { Delivery } from './check.ts'

export const DELIVERIES_TABLE = 'deliveries'

export interface TimedDelivery extends Delivery {
  /** When it was written down. */
  readonly atMs: number
}

/** All that the functions wrote down of their deliveries. */
export async function readDeliveries(client: DynamoDBClient): Promise<readonly TimedDelivery[]> {
  const deliveries: TimedDelivery[] = []
  for await (const { Items = [] } of paginateScan({ client }, { TableName: DELIVERIES_TABLE, ConsistentRead: true })) {
    for (const item of Items) {
      const [row = ''] = (item['delivery']?.S ?? '').split('#')
      deliveries.push({
        orderId: item['orderId']?.S ?? '',
        row: row as OrderRow,
        userId: item['userId']?.S ?? '',
        variation: item['variation']?.S ?? '',
        flagVersion: Number(item['flagVersion']?.N),
        origin: item['origin']?.S ?? '',
        atMs: Number(item['atMs']?.N),
      })
    }
  }
  return deliveries
}
