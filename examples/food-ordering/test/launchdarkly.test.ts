import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { syncHandler, webhookHandler } from '@waybill/launchdarkly'
import { type LocalLaunchDarkly, startLaunchDarkly } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flagData } from '../src/demo/rollout.ts'
import { readRows } from '../src/demo/rows.ts'
import { type LocalEngines, type Stack, startLocalEngines, startStack } from '../src/local/stack.ts'

const FLAG = 'new-order-flow'
const FLAGS_TTL_SECONDS = 0.25
const SDK_KEY = 'sdk-1'

let local: LocalEngines
let stack: Stack
let service: LocalLaunchDarkly
beforeAll(async () => {
  service = await startLaunchDarkly({ sdkKey: SDK_KEY, webhookSecret: 'secret' })
  local = await startLocalEngines()
  stack = await startStack({ local, flagsTtlSeconds: FLAGS_TTL_SECONDS })
}, 60_000)
afterAll(async () => {
  await stack.close()
  await local.close()
  await service.close()
})

interface Placed {
  readonly orderId: string
  readonly variation: string
  readonly flagVersion: number
}

/** One order of one user, at the front door. */
async function placeOrder(): Promise<Placed> {
  const response = await fetch(`${stack.url}/orders?userId=ada`, { method: 'POST', body: '{"dish":"soup"}' })
  expect(response.status).toBe(201)
  return (await response.json()) as Placed
}

/** Somebody at LaunchDarkly sets the share of the canary. */
function saveAtLaunchDarkly(percent: number) {
  const { version: _own, ...flag } = flagData(percent, 1)
  return service.save('flags', flag)
}

describe('the order chain, its flag kept at LaunchDarkly', { timeout: 60_000 }, () => {
  it('honours a change after one webhook, and one whose webhook was lost after the schedule, without a restart', async () => {
    const store = dynamoDbFlagStore({ client: stack.clients.dynamodb, tableName: 'flags' })
    const client = { baseUri: service.url, streamUri: service.url }
    const lines: string[] = []
    const options = { sdkKey: SDK_KEY, store, client, log: (line: string) => lines.push(line) }
    const webhook = webhookHandler({ ...options, secret: 'secret' })
    const schedule = syncHandler(options)
    const placed: Placed[] = []

    /** Orders until one has gone the new way, and how long that took. */
    const until = async (variation: string, sinceMs: number): Promise<number> => {
      await expect
        .poll(
          async () => {
            placed.push(await placeOrder())
            return placed.at(-1)?.variation
          },
          { timeout: 20_000, interval: 10 },
        )
        .toBe(variation)
      return Math.round(performance.now() - sinceMs)
    }

    saveAtLaunchDarkly(0)
    await schedule()
    await until('control', performance.now())

    const changedAtMs = performance.now()
    const response = await webhook(saveAtLaunchDarkly(100))
    const storedMs = Math.round(performance.now() - changedAtMs)
    expect(response.statusCode).toBe(200)
    expect(JSON.parse(response.body).changes).toEqual([{ key: FLAG, before: 1, after: 2 }])
    const honouredMs = await until('canary', changedAtMs)
    expect(placed.at(-1)?.flagVersion).toBe(2)
    console.log(
      `LaunchDarkly -> webhook -> table: ${storedMs} ms; -> first order by the new flag: ${honouredMs} ms, with an edge that looks every ${FLAGS_TTL_SECONDS} s`,
    )

    saveAtLaunchDarkly(0) // Its webhook is lost.
    placed.push(await placeOrder())
    expect(placed.at(-1)?.variation).toBe('canary')
    const scheduledAtMs = performance.now()
    await schedule()
    console.log(`lost webhook, schedule -> first order by the flag: ${await until('control', scheduledAtMs)} ms`)
    expect(placed.at(-1)?.flagVersion).toBe(3)

    await stack.settled()
    const rows = await readRows(stack.clients.dynamodb)
    expect(rows.size).toBe(placed.length)
    for (const { orderId, variation } of placed) {
      expect([...(rows.get(orderId)?.values() ?? [])].map((row) => row.variation)).toEqual(Array(7).fill(variation))
    }
    expect(lines.map((line) => JSON.parse(line).code)).toEqual(Array(3).fill('launchdarkly_synced'))
  })
})
