import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type DynamoDb, type DynamoDbEngine, findDynoxide, startDynamoDb } from '../../src/engines/dynamodb.ts'
import { leaveMidRequest } from './leave-mid-request.ts'
import { LOCAL_CLIENT } from './local-client.ts'

const engines: DynamoDbEngine[] = ['dynalite']
if (findDynoxide() === undefined) console.warn(`dynoxide is absent on ${process.platform}-${process.arch}: not tested`)
else engines.push('dynoxide')

const started: DynamoDb[] = []
const clients: DynamoDBClient[] = []

async function start(options: Parameters<typeof startDynamoDb>[0]): Promise<{ db: DynamoDb; client: DynamoDBClient }> {
  const db = await startDynamoDb(options)
  started.push(db)
  const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: db.endpoint })
  clients.push(client)
  return { db, client }
}

async function createFlagTable(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: 'flags',
      KeySchema: [
        { AttributeName: 'namespace', KeyType: 'HASH' },
        { AttributeName: 'key', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'namespace', AttributeType: 'S' },
        { AttributeName: 'key', AttributeType: 'S' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  // A table is there a moment after it was asked for.
  await waitUntilTableExists({ client, minDelay: 0.05, maxDelay: 0.2, maxWaitTime: 20 }, { TableName: 'flags' })
}

const ITEM = { namespace: { S: 'features' }, key: { S: 'new-order-flow' }, version: { N: '1' } }
const KEY = { namespace: ITEM.namespace, key: ITEM.key }

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  for (const db of started.splice(0)) await db.close()
})

describe.each(engines)('DynamoDB on %s', (engine) => {
  test('answers an item that was put', async () => {
    const { client } = await start({ engine })
    await createFlagTable(client)
    await client.send(new PutItemCommand({ TableName: 'flags', Item: ITEM }))
    const { Item } = await client.send(new GetItemCommand({ TableName: 'flags', Key: KEY }))
    expect(Item).toEqual(ITEM)
  })

  test('refuses a write whose condition fails', async () => {
    const { client } = await start({ engine })
    await createFlagTable(client)
    await client.send(new PutItemCommand({ TableName: 'flags', Item: ITEM }))
    const older = new PutItemCommand({
      TableName: 'flags',
      Item: ITEM,
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': 'key' },
    })
    await expect(client.send(older)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
  })

  test('listens on the loopback interface', async () => {
    const { db } = await start({ engine })
    expect(db.engine).toBe(engine)
    expect(new URL(db.endpoint).hostname).toBe('127.0.0.1')
  })

  test('refuses connections once closed, though a client is still connected', async () => {
    const { db, client } = await start({ engine })
    await createFlagTable(client)
    await db.close()
    await expect(fetch(db.endpoint)).rejects.toThrow()
  })

  test('outlives a client that goes away in the middle of a request', async () => {
    const { db, client } = await start({ engine })
    await leaveMidRequest(db.endpoint)
    await createFlagTable(client)
  })

  test('keeps its tables in the data directory', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'waybill-dynamodb-'))
    try {
      const first = await start({ engine, dataDir })
      await createFlagTable(first.client)
      await first.client.send(new PutItemCommand({ TableName: 'flags', Item: ITEM }))
      await first.db.close()
      const second = await start({ engine, dataDir })
      const { Item } = await second.client.send(new GetItemCommand({ TableName: 'flags', Key: KEY }))
      expect(Item).toEqual(ITEM)
      await second.db.close()
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})

describe.runIf(findDynoxide() !== undefined)('the default engine where dynoxide is installed', () => {
  test('has transactions', async () => {
    const { client } = await start({})
    await createFlagTable(client)
    await client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: 'flags', Item: ITEM } }] }))
    const { Item } = await client.send(new GetItemCommand({ TableName: 'flags', Key: KEY }))
    expect(Item).toEqual(ITEM)
  })

  test.each(['SIGINT', 'SIGKILL'] as const)('dies with the process that started it, by %s', async (signal) => {
    const module = new URL('../../src/engines/dynamodb.ts', import.meta.url).href
    const script = `const db = await (await import('${module}')).startDynamoDb(); console.log(db.endpoint)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const endpoint = line.toString().trim()
    await expect(fetch(endpoint)).resolves.toBeDefined()
    parent.kill(signal)
    await vi.waitFor(() => expect(fetch(endpoint)).rejects.toThrow(), { timeout: 5_000 })
  })
})
