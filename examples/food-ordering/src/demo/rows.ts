import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import type { OrderRow } from '../order-rows.ts'

/** A row of the business's own table: what one function did for one order, and which way it went. */
export interface Row {
  readonly orderId: string
  readonly row: OrderRow
  readonly userId: string
  readonly variation: string
  readonly flagVersion: number
  readonly origin: string
  readonly atMs: number
}

/** Rows by order, then by kind. */
export type RowsByOrder = ReadonlyMap<string, ReadonlyMap<OrderRow, Row>>

export async function readRows(client: DynamoDBClient): Promise<RowsByOrder> {
  const orders = new Map<string, Map<OrderRow, Row>>()
  for await (const { Items = [] } of paginateScan({ client }, { TableName: 'orders' })) {
    for (const item of Items) {
      const row: Row = {
        orderId: item['orderId']?.S ?? '',
        row: (item['row']?.S ?? '') as OrderRow,
        userId: item['userId']?.S ?? '',
        variation: item['variation']?.S ?? '',
        flagVersion: Number(item['flagVersion']?.N),
        origin: item['origin']?.S ?? '',
        atMs: Number(item['atMs']?.N),
      }
      const rows = orders.get(row.orderId) ?? new Map<OrderRow, Row>()
      orders.set(row.orderId, rows.set(row.row, row))
    }
  }
  return orders
}
