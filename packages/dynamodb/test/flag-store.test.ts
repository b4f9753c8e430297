import { randomUUID } from 'node:crypto'
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { storeContract } from '@waybill/flags/testing'
import { type DynamoDb, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dynamoDbFlagStore } from '../src/flag-store.ts'
import { clientAt, engines, intercept, isAbsent, newTable } from './engine.ts'
import { faultyStore } from './faulty-store.ts'

for (const engine of engines) {
  describe.skipIf(isAbsent(engine))(`a flag store on ${engine}`, () => {
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

    const makeStore = async () => dynamoDbFlagStore({ client, tableName: await newTable(client) })
    for (const { name, run } of storeContract(makeStore, { makeFaulty: () => faultyStore(server) })) it(name, run)

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

    it('knows its own write again when the answer was lost and the SDK sent it twice', async () => {
      const store = dynamoDbFlagStore({
        client: losingFirstAnswer(clientAt(server.endpoint)),
        tableName: await newTable(client),
      })
      expect(await store.put('rollouts', { key: 'a', version: 1 }, { ifVersion: 'absent' })).toBe('written')
      expect(await store.put('rollouts', { key: 'a', version: 1 }, { ifVersion: 'absent' })).toBe('stale')
    })

    it('knows its own change of an owner again, too', async () => {
      const tableName = await newTable(client)
      await dynamoDbFlagStore({ client, tableName }).init({ flags: { a: { key: 'a', version: 1 } } })
      const store = dynamoDbFlagStore({ client: losingFirstAnswer(clientAt(server.endpoint)), tableName })
      const owner = { key: 'a', version: 2, owner: 'launchdarkly' } as const
      expect(await store.put('owners', owner, { ifVersion: 1 })).toBe('written')
      expect(await store.put('owners', owner, { ifVersion: 1 })).toBe('stale')
    })

    it('does not overwrite, while it fills, a flag that the other owner made since it looked', async () => {
      const tableName = await newTable(client)
      const store = dynamoDbFlagStore({ client, tableName })
      const late = clientAt(server.endpoint)
      let made = false
      intercept(late, async ({ name }, go) => {
        if (name === 'UpdateItemCommand' && !made) {
          made = true
          await store.upsert('features', { key: 'a', version: 1 })
        }
        return go()
      })
      const pipeline = dynamoDbFlagStore({ client: late, tableName, writer: 'launchdarkly' })
      const data = { flags: { a: { key: 'a', version: 9 }, b: { key: 'b', version: 9 } } }
      await expect(pipeline.init(data)).rejects.toMatchObject({ code: 'not_owner', keys: ['a'] })
      expect((await store.readAll())?.flags).toEqual({ a: { key: 'a', version: 1 }, b: { key: 'b', version: 9 } })
      late.destroy()
    })

    it('does not overwrite, while it fills, a flag that changed hands since it looked', async () => {
      const tableName = await newTable(client)
      const store = dynamoDbFlagStore({ client, tableName })
      await store.as('launchdarkly').init({ flags: { a: { key: 'a', version: 1 } } })
      const late = clientAt(server.endpoint)
      const pipeline = dynamoDbFlagStore({ client: late, tableName, writer: 'launchdarkly' })
      intercept(late, async ({ name }, go) => {
        if (name === 'UpdateItemCommand' && (await store.get('owners', 'a'))?.owner === 'launchdarkly') {
          await store.put('owners', { key: 'a', version: 2, owner: 'waybill' }, { ifVersion: 1 })
        }
        return go()
      })
      await expect(pipeline.init({ flags: { a: { key: 'a', version: 9 } } })).rejects.toMatchObject({
        code: 'not_owner',
      })
      expect(await store.get('features', 'a')).toEqual({ key: 'a', version: 1 })
      late.destroy()
    })

    it('a row that is no JSON takes no other down', async () => {
      const tableName = await newTable(client)
      const store = dynamoDbFlagStore({ client, tableName })
      await store.init({ flags: { a: { key: 'a', version: 1 } } })
      const damaged = { namespace: { S: 'features' }, key: { S: 'bad' }, version: { N: '1' }, item: { S: '{' } }
      await client.send(new PutItemCommand({ TableName: tableName, Item: damaged }))
      expect(Object.keys((await store.readAll())?.flags ?? {})).toEqual(['a'])
    })
  })
}

/** The engine does the first write; its answer does not arrive. */
function losingFirstAnswer(client: DynamoDBClient): DynamoDBClient {
  let lost = false
  client.middlewareStack.add(
    ((next: (args: object) => Promise<object>) => async (args: object) => {
      const answer = await next(args)
      if (lost) return answer
      lost = true
      throw Object.assign(new Error('injected'), { name: 'TimeoutError', $retryable: {} })
    }) as never,
    { step: 'deserialize', priority: 'high' },
  )
  return client
}

const realTable = process.env['WAYBILL_TEST_DYNAMODB_TABLE']
if (!realTable) console.log('WAYBILL_TEST_DYNAMODB_TABLE names no table: the store contract is not run on a real one')
describe.skipIf(!realTable)(
  'a flag store on a real table (each case leaves its items under a prefix of its own)',
  () => {
    const client = new DynamoDBClient()
    afterAll(() => client.destroy())
    const makeStore = async () =>
      dynamoDbFlagStore({ client, tableName: realTable ?? '', prefix: `contract-${randomUUID()}` })
    for (const { name, run } of storeContract(makeStore)) it(name, run)
  },
)

it('needs a client and a table name', () => {
  expect(() => dynamoDbFlagStore({} as never)).toThrow(/needs a DynamoDBClient/)
})
