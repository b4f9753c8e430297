import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { declareFlags, stampClient, withEvaluatedFlags } from '@waybill/core'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { memorySource } from '@waybill/flags'
import { type Engines, type SecretsManager, startEngines, startSecretsManager } from '@waybill/local'
import { keysFromSecret } from '@waybill/powertools/secret'
import type { SQSEvent } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { newQueue } from './keys-queue.ts'

const secretOf = (fill: number): string => Buffer.alloc(32, fill).toString('base64')
const shop1 = { id: 'shop1', secret: secretOf(1) }

let engines: Engines
let secrets: SecretsManager
let queue: Awaited<ReturnType<typeof newQueue>>
let shop: typeof import('../src/cross-account/shop.ts')
let warehouse: typeof import('../src/cross-account/warehouse.ts')

beforeAll(async () => {
  engines = await startEngines({ services: ['dynamodb', 'sqs-sns'] })
  secrets = await startSecretsManager()
  queue = await newQueue(engines.sqsSns?.endpoint ?? '', 'orders')
  const env = { ...engines.env, AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint, ORDERS_URL: queue.url }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)

  const client = new SecretsManagerClient({})
  const create = (Name: string, document: object) =>
    client.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(document) }))
  await create('shop/warehouse-chain', { signing: shop1, subjectSecret: secretOf(9) })
  const { ARN = '' } = await create('shop/warehouse-chain-lent', { verifying: [shop1] })
  await create('stranger/waybill-keys', { signing: { id: 'shop1', secret: secretOf(66) } })
  client.destroy()
  vi.stubEnv('SHOP_KEYS_ARN', ARN)

  const dynamodb = new DynamoDBClient({})
  const names = ['namespace', 'key']
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'flags',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: names.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
    }),
  )
  const flag = {
    key: 'new-order-flow',
    version: 1,
    on: true,
    variations: [false, true],
    targets: [{ values: ['tester'], variation: 1 }],
    fallthrough: { variation: 0 },
  }
  await dynamoDbFlagStore({ client: dynamodb, tableName: 'flags' }).init({ flags: { [flag.key]: flag } })
  dynamodb.destroy()
  shop = await import('../src/cross-account/shop.ts')
  warehouse = await import('../src/cross-account/warehouse.ts')
})
afterAll(async () => {
  queue.close()
  await secrets.close()
  await engines.close()
  vi.unstubAllEnvs()
})

/** An edge of another chain that sends to the same queue. */
async function sendFrom(secretName: string, audience: string): Promise<SQSEvent> {
  const flags = declareFlags({ 'new-order-flow': { variations: { control: false, canary: true }, default: 'control' } })
  const source = memorySource()
  source.flag('new-order-flow', { control: false, canary: true }).everybody('canary')
  const sqs = stampClient(new SQSClient({}))
  await withEvaluatedFlags(
    (order: { orderId: string }) =>
      sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: JSON.stringify(order) })),
    { flags, source, context: () => ({ key: 'x' }), keys: keysFromSecret(secretName), audience },
  )({ orderId: 'o-9' })
  sqs.destroy()
  return queue.take()
}

describe('a queue in another account', () => {
  it('gets the decisions of the account that sends, user by user', async () => {
    await shop.handler({ orderId: 'o-1', userId: 'tester' })
    await shop.handler({ orderId: 'o-2', userId: 'somebody' })
    expect(await warehouse.handler(await queue.take())).toEqual([
      { orderId: 'o-1', flow: 'canary', cause: undefined },
      { orderId: 'o-2', flow: 'control', cause: undefined },
    ])
  })

  it.each([
    ['meant for somebody else', 'shop/warehouse-chain', 'billing'],
    ['signed by a stranger under the shop’s key id', 'stranger/waybill-keys', 'warehouse'],
  ])('refuses what was %s, and serves on defaults', async (_what, secretName, audience) => {
    const event = await sendFrom(secretName, audience)
    expect(event.Records[0]?.messageAttributes['waybill']?.stringValue).toMatch(/^wb1\.shop1\./)
    expect(await warehouse.handler(event)).toEqual([{ orderId: 'o-9', flow: 'control', cause: 'refused' }])
  })

  it('can sign nothing with the keys that it holds', async () => {
    const keys = keysFromSecret(process.env['SHOP_KEYS_ARN'] ?? '')
    await keys.refresh()
    expect([keys.current().signer, keys.current().empty]).toEqual([undefined, false])
  })
})
