import { CreateTableCommand, type DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { AffectedUser } from '@waybill/core'
import { affectedUsersContract, type FaultyAffectedUsers, type PinFault } from '@waybill/core/testing'
import { type DynamoDb, findDynoxide, startCutter, startDynamoDb } from '@waybill/local'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dynamoDbAffectedUsers } from '../src/affected-users.ts'
import { clientAt, intercept, type Sent } from './engine.ts'

const absent = findDynoxide() === undefined
if (absent) console.log('dynoxide is not there on this platform: the store of affected users is not tested')
// dynalite has no transactions: no affected users can be counted there.

let tables = 0
async function newUsersTable(client: DynamoDBClient): Promise<string> {
  tables += 1
  const TableName = `affected-users-${tables}`
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['key', 'part'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'key', KeyType: 'HASH' },
        { AttributeName: 'part', KeyType: 'RANGE' },
      ],
    }),
  )
  return TableName
}

const ada: AffectedUser = {
  flag: 'new-order-flow',
  rollout: 'autumn',
  variation: 'canary',
  version: 7,
  kind: 'error',
  subject: 'subjectofada0000',
  expiresAtSeconds: 60,
}
const canceled = (...codes: string[]): Error =>
  Object.assign(new Error('injected'), {
    name: 'TransactionCanceledException',
    CancellationReasons: codes.map((Code) => ({ Code })),
  })

describe.skipIf(absent)('affected users on dynoxide', () => {
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
    // A thousand requests through fifty connections of one busy machine.
    dynamoDbAffectedUsers({ client, tableName: await newUsersTable(client), nowMs, requestTimeoutMs: 30_000 })
  const cases = affectedUsersContract({ makeStore, makeFaulty: () => faultyStore(server, client, warn) })
  for (const { name, run } of cases) it(name, run, 60_000)

  it('sends one request for a user, new or known: four write units and no read unit', async () => {
    const counted = clientAt(server.endpoint)
    const requests: unknown[] = []
    intercept(counted, async ({ name, input }, go) => {
      requests.push(name)
      const answer = await go({ ...input, ReturnConsumedCapacity: 'TOTAL' })
      requests.push(answer.output['ConsumedCapacity'])
      return answer
    })
    const store = dynamoDbAffectedUsers({ client: counted, tableName: await newUsersTable(client), nowMs: () => 0 })
    await store.add(ada)
    expect(requests).toEqual(['TransactWriteItemsCommand', [expect.objectContaining({ CapacityUnits: 4 })]])
    requests.length = 0
    await store.add(ada)
    expect(requests).toEqual(['TransactWriteItemsCommand'])
    requests.length = 0
    await store.totals('new-order-flow', 'autumn')
    expect(requests).toEqual(['QueryCommand', expect.objectContaining({ CapacityUnits: 1 })])
    counted.destroy()
  })

  it('leaves items that DynamoDB can delete by themselves, the totals three months later', async () => {
    const TableName = await newUsersTable(client)
    const store = dynamoDbAffectedUsers({ client, tableName: TableName, prefix: 'prod', shards: 1, nowMs: () => 0 })
    await store.add({ ...ada, expiresAtSeconds: 59.2 })
    const { Items = [] } = await client.send(new ScanCommand({ TableName }))
    expect(Items.toSorted((a, b) => (`${a['key']?.S}` < `${b['key']?.S}` ? -1 : 1))).toEqual([
      {
        key: { S: 'prod:totals:new-order-flow:autumn' },
        part: { S: 'error#7#0#canary' },
        kind: { S: 'error' },
        version: { N: '7' },
        variation: { S: 'canary' },
        users: { N: '1' },
        expiresAt: { N: String(60 + 90 * 86_400) },
      },
      { key: { S: expect.stringMatching(/^prod:user:[\w-]{43}$/) }, part: { S: '-' }, expiresAt: { N: '60' } },
    ])
    expect(JSON.stringify(Items)).not.toContain(ada.subject)
  })

  it('spreads a total over shards, and reads their sum', async () => {
    const TableName = await newUsersTable(client)
    const store = dynamoDbAffectedUsers({ client, tableName: TableName, nowMs: () => 0 })
    for (let n = 0; n < 40; n += 1) await store.add({ ...ada, subject: `subject${n}` })
    const Key = { key: { S: 'totals:new-order-flow:autumn' }, part: { S: 'error#7#3#canary' } }
    const { Item } = await client.send(new GetItemCommand({ TableName, Key }))
    expect(Number(Item?.['users']?.N)).toBeGreaterThan(0)
    expect(Number(Item?.['users']?.N)).toBeLessThan(40)
    expect(await store.totals('new-order-flow', 'autumn')).toEqual([
      { kind: 'error', version: 7, variation: 'canary', users: 40 },
    ])
  })

  it('tries again while others count at the same moment, or the table is throttled', async () => {
    const crowded = clientAt(server.endpoint)
    const obstacles = [
      canceled('None', 'TransactionConflict'),
      canceled('ThrottlingError', 'None'),
      Object.assign(new Error('injected'), { name: 'TransactionInProgressException' }),
    ]
    let requests = 0
    intercept(crowded, (_sent: Sent, go) => {
      requests += 1
      const obstacle = obstacles.shift()
      return obstacle === undefined ? go() : Promise.reject(obstacle)
    })
    const tableName = await newUsersTable(client)
    const store = dynamoDbAffectedUsers({ client: crowded, tableName, nowMs: () => 0, random: () => 0 })
    expect(await store.add(ada)).toBe(true)
    expect(requests).toBe(4)
    crowded.destroy()
  })

  it('gives up on a conflict that does not end, and on what is no conflict at once', async () => {
    const stuck = clientAt(server.endpoint)
    let reason = 'TransactionConflict'
    let requests = 0
    intercept(stuck, () => {
      requests += 1
      return Promise.reject(canceled('None', reason))
    })
    const tableName = await newUsersTable(client)
    const store = dynamoDbAffectedUsers({ client: stuck, tableName, requestTimeoutMs: 100, warn })
    await expect(store.add(ada)).rejects.toThrow()
    reason = 'ValidationError'
    requests = 0
    await expect(store.add(ada)).rejects.toMatchObject({ name: 'TransactionCanceledException' })
    expect(requests).toBe(1)
    stuck.destroy()
  })

  it('says once per outage and cause why nobody is counted', async () => {
    const store = dynamoDbAffectedUsers({ client, tableName: 'nowhere', warn })
    await expect(store.add(ada)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await expect(store.add(ada)).rejects.toThrow()
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        code: 'affected_users_failed',
        message: expect.stringContaining('"nowhere"'),
        cause: expect.stringMatching(/^ResourceNotFoundException: /),
      }),
    ])
  })
})

it('needs a client, a table name and a number of shards', () => {
  const thrown = (options: object): unknown => {
    try {
      return dynamoDbAffectedUsers(options as never)
    } catch (error) {
      return error
    }
  }
  expect(thrown({})).toMatchObject({ code: 'bad_option' })
  expect(thrown({ client: { send: () => {} }, tableName: 't', shards: 0 })).toMatchObject({ code: 'bad_option' })
})

/** Networks fail by a proxy; throughput, and an answer that is lost after the write, by a middleware. */
async function faultyStore(
  server: DynamoDb,
  own: DynamoDBClient,
  warn: (line: string) => void,
): Promise<FaultyAffectedUsers> {
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
    store: dynamoDbAffectedUsers({ client, tableName: await newUsersTable(own), requestTimeoutMs: 300, warn }),
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
