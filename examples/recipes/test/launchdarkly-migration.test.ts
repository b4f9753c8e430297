import type { LDOptions } from '@launchdarkly/node-server-sdk'
import { type KeyRing, keyRing } from '@waybill/core'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import type { FlagStore } from '@waybill/flags'
import { launchDarklySync, webhookHandler } from '@waybill/launchdarkly'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import {
  atTheEdge,
  handOver,
  inside,
  type Order,
  type Ran,
  withDaemonMode,
  withStream,
} from '../src/launchdarkly-migration.ts'
import { type Place, rolloutFlag, SDK_KEY, startPlace, tableName, WEBHOOK_SECRET } from './launchdarkly-table.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const FLAG = 'new-order-flow'
const users: readonly Order[] = Array.from({ length: 100 }, (_, n) => ({ userId: `user-${n}` }))
const keys: KeyRing = keyRing({
  signing: { id: 'k1', secret: Buffer.alloc(32, 7) },
  subjectSecret: Buffer.alloc(32, 8),
})

let place: Place
let store: FlagStore
let sdk: LDOptions
beforeAll(async () => {
  place = await startPlace()
  place.service.save('flags', rolloutFlag(FLAG, 30))
  store = dynamoDbFlagStore({ client: place.newClient(), tableName })
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  sdk = { ...place.uris, logger: silent, diagnosticOptOut: true, sendEvents: false }
})
afterAll(() => place.close())

const canaries = async (handler: (order: Order) => Promise<Ran>): Promise<readonly string[]> => {
  const ran = await Promise.all(users.map(async (order) => ({ ...order, ...(await handler(order)) })))
  return ran.filter(({ canary }) => canary).map(({ userId }) => userId)
}

it('a chain of two functions goes from LaunchDarkly’s SDK in each to Waybill at the edge, and no user changes sides', async () => {
  // Before.
  const before = [await withStream(SDK_KEY, sdk), await withStream(SDK_KEY, sdk)]
  expect(place.service.streams()).toBe(2)
  const [first, second] = before
  if (first === undefined || second === undefined) throw new Error('unreachable')
  const byLaunchDarkly = await canaries(first.handler)
  expect(byLaunchDarkly.length).toBeGreaterThan(15)
  expect(await canaries(second.handler)).toEqual(byLaunchDarkly)

  // 1. The pipeline fills the table; those who run do not notice.
  const pipeline = { sdkKey: SDK_KEY, store, client: place.uris, log: () => {} }
  const schedule = launchDarklySync(pipeline)
  const webhook = webhookHandler({ ...pipeline, secret: WEBHOOK_SECRET })
  expect((await schedule()).changes).toEqual([{ key: FLAG, after: 1 }])
  expect(await canaries(first.handler)).toEqual(byLaunchDarkly)

  // 2. The same SDK reads the table: the same answers, and no connections.
  const daemons = [await withDaemonMode(store, sdk), await withDaemonMode(store, sdk)]
  first.close()
  second.close()
  await expect.poll(() => place.service.streams()).toBe(0)
  for (const { handler } of daemons) expect(await canaries(handler)).toEqual(byLaunchDarkly)
  const [, innerDaemon] = daemons
  if (innerDaemon === undefined) throw new Error('unreachable')

  // 3. The edge decides; inside, the SDK still asks by itself and comes to the same.
  const half = atTheEdge(store, keys, innerDaemon.handler)
  expect(await canaries(async (order) => (await half(order)).edge)).toEqual(byLaunchDarkly)
  expect(await canaries(async (order) => (await half(order)).inside)).toEqual(byLaunchDarkly)

  // 4. Inside, the decision is honoured: also when the flag changes on the way.
  const honouring = inside(keys)
  const whole = atTheEdge(store, keys, async (order) => {
    if (order.userId === 'user-50') {
      const response = await webhook(place.service.save('flags', rolloutFlag(FLAG, 0)))
      expect(response.statusCode).toBe(200)
    }
    return honouring(order)
  })
  const answers = await Promise.all(users.map(async (order) => ({ ...order, ...(await whole(order)) })))
  expect(answers.filter(({ edge }) => edge.canary).map(({ userId }) => userId)).toEqual(byLaunchDarkly)
  expect(answers.filter((answer) => answer.edge.canary !== answer.inside.canary)).toEqual([])
  // A new environment of the edge has the new flag, and so has all that is behind it.
  const fresh = atTheEdge(store, keys, honouring)
  expect(await canaries(async (order) => (await fresh(order)).inside)).toEqual([])
  for (const { close } of daemons) close()

  // 5. One flag is handed over; LaunchDarkly keeps the others.
  await handOver(store, FLAG)
  const held = await store.get('features', FLAG)
  const version = held?.version ?? 0
  await store.put('features', { ...rolloutFlag(FLAG, 100), version: version + 1 }, { ifVersion: version })
  place.service.save('flags', rolloutFlag('other', 5))
  place.service.save('flags', rolloutFlag(FLAG, 0))
  expect(await schedule()).toMatchObject({ notOwned: [FLAG], changes: [{ key: 'other', after: 1 }] })
  const own = atTheEdge(store, keys, honouring)
  expect(await canaries(async (order) => (await own(order)).inside)).toHaveLength(users.length)
})
