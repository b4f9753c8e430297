import { CreateTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { declareFlags } from '@waybill/core'
import { cachedSource } from '@waybill/flags'
import { storeContract } from '@waybill/flags/testing'
import { type DynamoDb, type DynamoDbEngine, findDynoxide, startCutter, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dynamoDbFlagStore } from '../src/flag-store.ts'

const engines: DynamoDbEngine[] = ['dynalite', 'dynoxide']

const clientAt = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  })

let tables = 0
async function newTable(client: DynamoDBClient): Promise<string> {
  tables += 1
  const TableName = `flags-${tables}`
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['namespace', 'key'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'namespace', KeyType: 'HASH' },
        { AttributeName: 'key', KeyType: 'RANGE' },
      ],
    }),
  )
  return TableName
}

for (const engine of engines) {
  const absent = engine === 'dynoxide' && findDynoxide() === undefined
  if (absent) console.log('dynoxide is not there on this platform: its half of the store contract is passed over')
  describe.skipIf(absent)(`a flag store on ${engine}`, () => {
    let server: DynamoDb
    let client: DynamoDBClient
    beforeAll(async () => {
      server = await startDynamoDb({ engine })
      client = clientAt(server.endpoint)
    })
    afterAll(async () => {
      client.destroy()
      await server.close()
    })

    for (const { name, run } of storeContract(async () =>
      dynamoDbFlagStore({ client, tableName: await newTable(client) }),
    )) {
      it(name, run)
    }

    it('keeps environments apart by prefix, in ld-relay’s names', async () => {
      const tableName = await newTable(client)
      const flags = { a: { key: 'a', version: 3, on: true } }
      await dynamoDbFlagStore({ client, tableName, prefix: 'prod' }).init({ flags })
      expect(await dynamoDbFlagStore({ client, tableName, prefix: 'test' }).readAll()).toBeUndefined()
      const { Items } = await client.send(new ScanCommand({ TableName: tableName }))
      expect(Items).toContainEqual(
        expect.objectContaining({
          namespace: { S: 'prod:features' },
          key: { S: 'a' },
          version: { N: '3' },
          item: { S: JSON.stringify(flags.a) },
        }),
      )
      expect(Items).toContainEqual(
        expect.objectContaining({ namespace: { S: 'prod:$inited' }, key: { S: 'prod:$inited' } }),
      )
    })

    it('refuses a flag that is too large by name, and writes the rest', async () => {
      const store = dynamoDbFlagStore({ client, tableName: await newTable(client) })
      const huge = { key: 'huge', version: 1, pad: 'x'.repeat(400_000) }
      await expect(store.init({ flags: { huge, small: { key: 'small', version: 1 } } })).rejects.toMatchObject({
        code: 'item_too_large',
        message: expect.stringContaining('"huge"'),
      })
      expect(Object.keys((await store.readAll())?.flags ?? {})).toEqual(['small'])
      await expect(store.upsert('features', huge)).rejects.toMatchObject({ code: 'item_too_large' })
    })

    it('a row that is no JSON takes no other down', async () => {
      const tableName = await newTable(client)
      const store = dynamoDbFlagStore({ client, tableName })
      await store.init({ flags: { a: { key: 'a', version: 1 } } })
      const damaged = { namespace: { S: 'features' }, key: { S: 'bad' }, version: { N: '1' }, item: { S: '{' } }
      await client.send(new PutItemCommand({ TableName: tableName, Item: damaged }))
      expect(Object.keys((await store.readAll())?.flags ?? {})).toEqual(['a'])
    })

    it('cut off or hanging, a request is served from the last known good data within its deadline', async () => {
      const tableName = await newTable(client)
      const cutter = await startCutter(server.endpoint)
      const cut = clientAt(cutter.endpoint)
      const store = dynamoDbFlagStore({ client: cut, tableName })
      const flags = declareFlags({ a: { variations: { off: false, on: true }, default: 'off' } })
      await store.init({
        flags: { a: { key: 'a', version: 1, on: true, variations: [false, true], fallthrough: { variation: 1 } } },
      })
      let now = 0
      const source = cachedSource(store, { ttlSeconds: 10, deadlineMs: 1500, nowMs: () => now })
      const status = async (): Promise<string> => (await source.decide({ key: 'u' }, flags.all)).status
      expect(await status()).toBe('live')
      for (const fault of [cutter.cut, cutter.hang]) {
        await fault()
        now += 20_000
        expect(await status()).toBe('stale')
        await cutter.heal()
        now += 20_000
        expect(await status()).toBe('live')
      }
      cut.destroy()
      await cutter.close()
    })
  })
}

it('needs a client and a table name', () => {
  expect(() => dynamoDbFlagStore({} as never)).toThrow(/needs a DynamoDBClient/)
})
