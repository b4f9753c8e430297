import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { FlagChange } from '@waybill/flags'
import { type DynamoDb, startDynamoDb } from '@waybill/local'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { dynamoDbFlagStore } from '../src/flag-store.ts'
import { clientAt, intercept, newTable, type Sent } from './engine.ts'

const change = (key: string, version: number): FlagChange => ({
  kind: 'features',
  item: { key, version },
  ifVersion: version === 1 ? 'absent' : version - 1,
})

let server: DynamoDb
let own: DynamoDBClient
let watched: DynamoDBClient
let tableName: string
let before: ((sent: Sent) => Promise<void>) | undefined
beforeAll(async () => {
  server = await startDynamoDb({ engine: 'dynalite' })
  own = clientAt(server.endpoint)
})
afterAll(async () => {
  own.destroy()
  await server.close()
})
beforeEach(async () => {
  tableName = await newTable(own)
  before = undefined
  watched = clientAt(server.endpoint, { maxAttempts: 1 })
  intercept(watched, async (sent, go) => {
    await before?.(sent)
    return go()
  })
})
afterEach(() => watched.destroy())

const store = () => dynamoDbFlagStore({ client: own, tableName })
const says = ({ input }: Sent, text: string): boolean => JSON.stringify(input).includes(text)
const isSettling = (sent: Sent): boolean => says(sent, 'REMOVE #openedBy')

it('a single write that comes between the last look at the content and the new mark is in the mark', async () => {
  await store().init({ flags: { a: { key: 'a', version: 1 } } })
  let came = 0
  before = async (sent) => {
    if (isSettling(sent) && came++ === 0) await store().upsert('features', { key: 'late', version: 1 })
  }
  expect(await dynamoDbFlagStore({ client: watched, tableName }).putAll([change('a', 2)])).toEqual({
    outcomes: [{ status: 'written' }],
  })
  expect(came).toBe(2)
  const snapshot = await store().readAll()
  expect(Object.keys(snapshot?.flags ?? {})).toEqual(['a', 'late'])
  expect(snapshot?.meta).toEqual(await store().readMeta?.())
  expect(snapshot?.meta).toBeDefined()
})

it('while many are written, readers are told to read, and a single write leaves it at that', async () => {
  await store().init({ flags: { a: { key: 'a', version: 1 } } })
  const seen: unknown[] = []
  before = async ({ name, input }) => {
    if (name !== 'UpdateItemCommand' || !JSON.stringify(input).includes('"a"')) return
    await store().upsert('features', { key: 'late', version: 1 })
    seen.push(await store().readMeta?.(), (await store().readAll())?.inFlux)
  }
  await dynamoDbFlagStore({ client: watched, tableName }).putAll([change('a', 2)])
  expect(seen).toEqual([undefined, true])
  expect((await store().readAll())?.meta).toBeDefined()
})

it('what was killed a minute ago is put right by a single write, and earlier it is not', async () => {
  let nowMs = 1_000_000
  const at = (client: DynamoDBClient) => dynamoDbFlagStore({ client, tableName, nowMs: () => nowMs })
  await at(own).init({ flags: { a: { key: 'a', version: 1 } } })
  before = async (sent) => {
    if (isSettling(sent)) throw new Error('killed')
  }
  const { outcomes, failure } = await at(watched).putAll([change('a', 2)])
  expect([outcomes, failure?.code]).toEqual([[{ status: 'written' }], 'store_unavailable'])
  nowMs += 59_000
  await at(own).upsert('features', { key: 'b', version: 1 })
  expect(await at(own).readMeta?.()).toBeUndefined()
  expect((await at(own).readAll())?.flags).toMatchObject({ a: { version: 2 }, b: { version: 1 } })
  nowMs += 2_000
  await at(own).upsert('features', { key: 'b', version: 2 })
  expect((await at(own).readAll())?.meta).toEqual(await at(own).readMeta?.())
  expect(await at(own).readMeta?.()).toBeDefined()
})

it('a long one is not taken for one that was killed', async () => {
  let nowMs = 1_000_000
  const at = (client: DynamoDBClient) => dynamoDbFlagStore({ client, tableName, nowMs: () => nowMs })
  await at(own).init({ flags: {} })
  const metas: unknown[] = []
  before = async ({ name }) => {
    if (name !== 'UpdateItemCommand') return
    nowMs += 1_000
    if (metas.length >= 100) return
    await at(own).upsert('features', { key: 'single', version: nowMs })
    metas.push(await at(own).readMeta?.())
  }
  const changes = Array.from({ length: 110 }, (_, n) => change(`f${n}`, 1))
  await at(watched).putAll(changes)
  // The very first request is the one that opens the mark.
  expect(metas.slice(1).filter((meta) => meta !== undefined)).toEqual([])
  expect((await at(own).readAll())?.meta).toBeDefined()
})

it('a filling that changes nothing leaves the mark alone', async () => {
  const data = { flags: { a: { key: 'a', version: 1 } } }
  await store().init(data)
  const meta = await store().readMeta?.()
  const writes: string[] = []
  before = async ({ name }) => {
    if (name !== 'GetItemCommand' && name !== 'QueryCommand') writes.push(name)
  }
  await dynamoDbFlagStore({ client: watched, tableName }).init(data)
  expect(writes).toEqual([])
  expect(await store().readMeta?.()).toEqual(meta)
})

it('a table that ld-relay fills gets no mark of ours from many writes', async () => {
  expect(await store().putAll([change('a', 1)])).toEqual({ outcomes: [{ status: 'written' }] })
  expect(await store().readAll()).toBeUndefined()
})
