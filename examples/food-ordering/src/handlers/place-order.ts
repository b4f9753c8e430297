import { randomUUID } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import middy, { type MiddyfiedHandler } from '@middy/core'
import { keysFromEnvironment, stampClient, stampFetch } from '@waybill/core'
import { dynamoDbFlagReader } from '@waybill/dynamodb'
import { cachedSource } from '@waybill/flags'
import { evaluateFlags } from '@waybill/middy'
import { flags, routeTaken } from '../flags.ts'
import { log } from '../log.ts'
import { observers } from '../observers.ts'
import type { OrderPlaced } from '../order.ts'
import { recordOnce } from '../order-rows.ts'
import { resources } from '../resources.ts'
import { timeOutsAreLambdas } from '../time-outs.ts'

const fetch = stampFetch(globalThis.fetch, { propagateTo: [new URL(resources.pricesUrl).origin] })
const lambda = stampClient(new LambdaClient())
const kinesis = stampClient(new KinesisClient(), { to: [resources.orderStream] })
const store = dynamoDbFlagReader({ client: new DynamoDBClient(), tableName: resources.flagsTable })

interface HttpRequest {
  readonly queryStringParameters?: { readonly userId?: string }
  readonly body?: string
}

interface HttpResponse {
  readonly statusCode: number
  readonly body: string
}

/** `POST /orders?userId=`: the edge function, where the flag is decided for the whole chain. */
async function placeOrder(event: HttpRequest): Promise<HttpResponse> {
  const userId = event.queryStringParameters?.userId
  const dish = dishIn(event.body)
  if (!userId || dish === undefined) return answer(400, { error: 'userId and dish are needed' })

  const orderId = randomUUID()
  const [cents, approved] = await Promise.all([quote(orderId, userId, dish), isApproved(orderId, userId)])
  if (!approved) return answer(402, { error: 'declined', orderId })

  const order: OrderPlaced = { type: 'order_placed', orderId, userId, dish, cents }
  await recordOnce(orderId, 'order', userId, { dish, cents })
  await publish(
    flags.get('new-order-flow') ? { ...order, preparation: { minutes: dish.length, allergens: ['gluten'] } } : order,
  )
  log('order placed', { orderId })
  return answer(201, { orderId, cents, ...routeTaken() })
}

function dishIn(body = ''): string | undefined {
  try {
    const { dish } = JSON.parse(body) as { dish?: unknown }
    return typeof dish === 'string' ? dish : undefined
  } catch {
    return undefined
  }
}

async function quote(orderId: string, userId: string, dish: string): Promise<number> {
  const query = new URLSearchParams({ orderId, userId, dish })
  const response = await fetch(`${resources.pricesUrl}/quote?${query}`)
  if (!response.ok) throw new Error(`No quote: ${response.status}`)
  const { cents } = (await response.json()) as { cents: number }
  return cents
}

async function isApproved(orderId: string, userId: string): Promise<boolean> {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({
      FunctionName: resources.fraudCheckFunction,
      Payload: Buffer.from(JSON.stringify({ orderId, userId })),
    }),
  )
  const text = Buffer.from(Payload ?? []).toString()
  if (FunctionError !== undefined) throw new Error(`No fraud check: ${text}`)
  return (JSON.parse(text) as { approved: boolean }).approved
}

async function publish(order: OrderPlaced): Promise<void> {
  await kinesis.send(
    new PutRecordCommand({
      StreamName: resources.orderStream,
      PartitionKey: order.orderId,
      Data: Buffer.from(JSON.stringify(order)),
    }),
  )
}

function answer(statusCode: number, body: object): HttpResponse {
  return { statusCode, body: JSON.stringify(body) }
}

export const handler: MiddyfiedHandler<HttpRequest, HttpResponse> = middy(placeOrder, timeOutsAreLambdas).use(
  evaluateFlags({
    flags,
    source: cachedSource(store, { ttlSeconds: resources.flagsTtlSeconds }),
    keys: keysFromEnvironment(),
    context: ({ queryStringParameters: { userId } = {} }: HttpRequest) => (userId ? { key: userId } : undefined),
    observers,
  }),
)
