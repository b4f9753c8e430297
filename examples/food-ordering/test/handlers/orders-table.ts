import { CreateTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { type Engines, startEngines } from '@waybill/local'

/** The table that handlers write to, on an engine of its own; to be started before they are imported. */
export interface OrdersTable {
  details(orderId: string, row: string): Promise<unknown>
  variation(orderId: string, row: string): Promise<string | undefined>
  close(): Promise<void>
}

export async function startOrdersTable(): Promise<OrdersTable> {
  const engines: Engines = await startEngines({ services: ['dynamodb'] })
  // Handlers make their clients without arguments: where the engines are, the environment says.
  Object.assign(process.env, engines.env, { POWERTOOLS_METRICS_DISABLED: 'true' })
  const client = new DynamoDBClient()
  await client.send(
    new CreateTableCommand({
      TableName: 'orders',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'orderId', KeyType: 'HASH' },
        { AttributeName: 'row', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'orderId', AttributeType: 'S' },
        { AttributeName: 'row', AttributeType: 'S' },
      ],
    }),
  )
  const item = async (orderId: string, row: string) => {
    const Key = { orderId: { S: orderId }, row: { S: row } }
    const { Item } = await client.send(new GetItemCommand({ TableName: 'orders', Key, ConsistentRead: true }))
    return Item
  }
  return {
    details: async (orderId, row) => JSON.parse((await item(orderId, row))?.['details']?.S ?? 'null'),
    variation: async (orderId, row) => (await item(orderId, row))?.['variation']?.S,
    close: async () => {
      client.destroy()
      await engines.close()
    },
  }
}
