import { CreateTableCommand, DeleteItemCommand, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { type FaultyPinStore, type PinFault, pinStoreContract } from '@waybill/core/testing'
import { type DynamoDb, findDynoxide, startCutter, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dynamoDbPinStore } from '../src/pin-store.ts'
import { clientAt, intercept } from './engine.ts'

const absent = findDynoxide() === undefined
if (absent) console.log('dynoxide is not there on this platform: the pin store is not tested')
// dynalite refuses a conditional write without the item that stands in its way: no pin store can be had there.

let tables = 0
async function newPinTable(client: DynamoDBClient): Promise<string> {
  tables += 1
  const TableName = `pins-${tables}`
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
    }),
  )
  return TableName
}

describe.skipIf(absent)('a pin store on dynoxide', () => {
  let server: DynamoDb
  let client: DynamoDBClient
  const lines: string[] = []
  const warn = (line: string): number => lines.push(line)
  beforeAll(async () => {
    server = await startDynamoDb({ engine: 'dynoxide' })
    client = clientAt(server.endpoint)
  })
  beforeEach(() => {
    lines.length = 0
  })
  afterAll(async () => {
    client.destroy()
    await server.close()
  })

  const makeStore = async (nowMs: () => number) =>
    dynamoDbPinStore({ client, tableName: await newPinTable(client), nowMs })
  const cases = pinStoreContract({ makeStore, makeFaulty: () => faultyPinStore(server, client, warn) })
  for (const { name, run } of cases) it(name, run)

  it('sends one request per claim, won or lost, and spends one write unit and no read unit', async () => {
    const counted = clientAt(server.endpoint)
    const requests: unknown[] = []
    intercept(counted, async ({ name, input }, go) => {
      requests.push(name)
      const answer = await go({ ...input, ReturnConsumedCapacity: 'TOTAL' })
      requests.push(answer.output['ConsumedCapacity'])
      return answer
    })
    const store = dynamoDbPinStore({ client: counted, tableName: await newPinTable(client), nowMs: () => 0 })
    // Ten decisions take 450 bytes.
    await store.claim('k'.repeat(64), `wb1.${'x'.repeat(450)}`, 60)
    expect(requests).toEqual(['PutItemCommand', expect.objectContaining({ CapacityUnits: 1 })])
    requests.length = 0
    await store.claim('k'.repeat(64), 'wb1.y', 60)
    expect(requests).toEqual(['PutItemCommand'])
    counted.destroy()
  })

  it('leaves an item that DynamoDB can delete by itself: its time to live in whole seconds', async () => {
    const TableName = await newPinTable(client)
    const store = dynamoDbPinStore({ client, tableName: TableName, prefix: 'prod', nowMs: () => 0 })
    await store.claim('k', 'wb1.x', 60.2)
    const { Item } = await client.send(new GetItemCommand({ TableName, Key: { key: { S: 'prod:k' } } }))
    expect(Item).toEqual({ key: { S: 'prod:k' }, token: { S: 'wb1.x' }, expiresAt: { N: '61' } })
    await client.send(new DeleteItemCommand({ TableName, Key: { key: { S: 'prod:k' } } }))
    expect(await store.claim('k', 'wb1.y', 60)).toBeUndefined()
  })

  it('keeps two edge functions apart by prefix', async () => {
    const tableName = await newPinTable(client)
    const [orders, prices] = ['orders', 'prices'].map((prefix) => dynamoDbPinStore({ client, tableName, prefix }))
    const inAMinute = Date.now() / 1000 + 60
    expect(await orders?.claim('k', 'wb1.a', inAMinute)).toBeUndefined()
    expect(await prices?.claim('k', 'wb1.b', inAMinute)).toBeUndefined()
    expect(await orders?.claim('k', 'wb1.c', inAMinute)).toBe('wb1.a')
  })

  it('says once per outage and cause why pins are not kept', async () => {
    const store = dynamoDbPinStore({ client, tableName: 'nowhere', warn })
    await expect(store.claim('k', 'wb1.x', 60)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await expect(store.claim('k', 'wb1.x', 60)).rejects.toThrow()
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        code: 'pin_failed',
        message: expect.stringContaining('"nowhere"'),
        cause: expect.stringMatching(/^ResourceNotFoundException: /),
      }),
    ])
    expect(lines[0]).not.toContain('wb1.')
  })
})

it('needs a client and a table name', () => {
  expect(() => dynamoDbPinStore({} as never)).toThrow(/needs a DynamoDBClient/)
  expect(() => dynamoDbPinStore({} as never)).toThrow(expect.objectContaining({ code: 'bad_option' }))
})

/** Networks fail by a proxy; throughput, and an answer that is lost after the write, by a middleware. */
async function faultyPinStore(
  server: DynamoDb,
  own: DynamoDBClient,
  warn: (line: string) => void,
): Promise<FaultyPinStore> {
  const cutter = await startCutter(server.endpoint)
  const client = clientAt(cutter.endpoint, { maxAttempts: 2 })
  let fault: PinFault | undefined
  intercept(client, async (_sent, go) => {
    if (fault !== 'throttles') return go()
    throw Object.assign(new Error('injected'), { name: 'ProvisionedThroughputExceededException' })
  })
  client.middlewareStack.add(
    ((next: (args: object) => Promise<object>) => async (args: object) => {
      const answer = await next(args)
      if (fault !== 'loses answers') return answer
      // Once: the SDK sends it again.
      fault = undefined
      throw Object.assign(new Error('injected'), { name: 'TimeoutError', $retryable: {} })
    }) as never,
    { step: 'deserialize', priority: 'high' },
  )
  return {
    store: dynamoDbPinStore({ client, tableName: await newPinTable(own), requestTimeoutMs: 300, warn }),
    fail: (how) => {
      fault = how
      if (how === 'dies') cutter.cut()
      if (how === 'hangs') cutter.hang()
    },
    heal: () => {
      fault = undefined
      cutter.heal()
      // What the pool holds was reset: the next request is not to find that out.
      client.config.requestHandler.destroy?.()
    },
    close: async () => {
      client.destroy()
      await cutter.close()
    },
  }
}
