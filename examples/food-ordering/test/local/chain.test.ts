import { keysFromEnvironment } from '@waybill/core'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectEmf } from '../../src/demo/emf.ts'
import { placeOrders, usersOf } from '../../src/demo/load.ts'
import { seededRandom } from '../../src/demo/random.ts'
import { type Rollout, rolloutInStore } from '../../src/demo/rollout.ts'
import { readRows } from '../../src/demo/rows.ts'
import { operatorScript } from '../../src/demo/script.ts'
import { truthOf } from '../../src/demo/truth.ts'
import { weightedAlias } from '../../src/demo/weighted-alias.ts'
import { FUNCTION_NAMES } from '../../src/local/functions.ts'
import {
  type Deployment,
  type LocalEngines,
  plainDeployment,
  type Stack,
  startLocalEngines,
  startStack,
} from '../../src/local/stack.ts'

const ORDERS = 60
const never = new AbortController().signal

let local: LocalEngines
beforeAll(async () => {
  local = await startLocalEngines()
})
afterAll(() => local.close())

const rolloutOf = ({ clients }: Stack, percent: number): Promise<Rollout> =>
  rolloutInStore(dynamoDbFlagStore({ client: clients.dynamodb, tableName: 'flags' }), percent)

async function placeAll(stack: Stack, rollout: Rollout) {
  const script = operatorScript(ORDERS, stack, rollout)
  const load = await placeOrders({
    url: stack.url,
    userIds: usersOf(30),
    orders: ORDERS,
    random: seededRandom(1, 'orders'),
    signal: never,
    onSending: script.beforeOrder,
    onPlaced: script.afterOrder,
  })
  script.end()
  await stack.settled()
  return { ...load, rows: await readRows(stack.clients.dynamodb), killedAtMs: script.interventions.at(-1)?.atMs ?? 0 }
}

describe('the order chain', { timeout: 60_000 }, () => {
  it('runs one variation from the edge to the last hop, while the rollout is raised and killed', async () => {
    const emf = collectEmf()
    const stack = await startStack({ local, onLog: ({ functionName, line }) => emf.add(functionName, line) })
    try {
      const { placed, refusals, rows, killedAtMs } = await placeAll(stack, await rolloutOf(stack, 30))
      expect(refusals).toEqual([])
      expect(rows.size).toBe(ORDERS)
      // The one rule, straight from the business's rows: seven for each order, all made by the edge's variation.
      for (const { orderId, variation } of placed) {
        const chain = [...(rows.get(orderId)?.values() ?? [])]
        expect(chain.map((row) => row.variation)).toEqual(Array(7).fill(variation))
      }
      const truth = truthOf({ routing: 'waybill', sent: ORDERS, rows, killedAtMs })
      expect(truth).toMatchObject({ mixedChains: 0, lostDecisions: 0, failedOrders: 0, strayingServices: [] })
      expect(truth.hops.map(({ deliveries, propagated }) => [deliveries, propagated])).toEqual(
        Array(6).fill([ORDERS, ORDERS]),
      )
      expect(truth.canaryOrdersInFlightAtKill).toBeGreaterThan(0)

      const canaryOrders = placed.filter(({ variation }) => variation === 'canary').length
      const counted = emf.services().map(({ service, variation, started, finished, errors }) => ({
        service,
        variation,
        counts: [started, finished, errors],
      }))
      for (const service of FUNCTION_NAMES) {
        expect(counted).toContainEqual({ service, variation: 'canary', counts: [canaryOrders, canaryOrders, 0] })
        const controlOrders = ORDERS - canaryOrders
        expect(counted).toContainEqual({ service, variation: 'control', counts: [controlOrders, controlOrders, 0] })
      }

      const statusOf = async (query: string, body: string) =>
        (await fetch(`${stack.url}/orders${query}`, { method: 'POST', body })).status
      expect(await statusOf('', '{"dish":"ramen"}')).toBe(400)
      expect(await statusOf('?userId=ada', 'ramen')).toBe(400)
    } finally {
      await stack.close()
    }
  })

  it('is found out when one consumer cannot read what it is handed', async () => {
    const forgetful: (host: Parameters<typeof plainDeployment>[0]) => Deployment = (host) => {
      const plain = plainDeployment(host)
      const WAYBILL_KEYS = `other:${Buffer.alloc(32, 1).toString('base64')}`
      expect(keysFromEnvironment({ WAYBILL_KEYS }).empty).toBe(false)
      return {
        ...plain,
        deploy: (fn) => plain.deploy(fn.name === 'loyalty' ? { ...fn, env: { ...fn.env, WAYBILL_KEYS } } : fn),
      }
    }
    const stack = await startStack({ local, deployment: forgetful })
    try {
      const { rows, killedAtMs } = await placeAll(stack, await rolloutOf(stack, 30))
      const truth = truthOf({ routing: 'waybill', sent: ORDERS, rows, killedAtMs })
      expect(truth.lostDecisions).toBe(ORDERS)
      expect(truth.mixedChains).toBeGreaterThan(0)
      expect(truth.strayingServices).toEqual(['loyalty'])
      expect(truth.hops.at(-1)).toMatchObject({ service: 'loyalty', deliveries: ORDERS, canary: 0, propagated: 0 })
    } finally {
      await stack.close()
    }
  })

  it('mixes variations when each function is routed by a weighted alias', async () => {
    const stack = await startStack({
      local,
      deployment: (host) =>
        weightedAlias(
          host,
          (name) => seededRandom(1, name),
          () => 50,
        ),
    })
    try {
      const { rows, killedAtMs } = await placeAll(stack, await rolloutOf(stack, 0))
      const truth = truthOf({ routing: 'weighted-alias', sent: ORDERS, rows, killedAtMs })
      expect(truth.mixedChains).toBeGreaterThan(ORDERS / 2)
      expect(truth.lostDecisions).toBeGreaterThan(ORDERS)
    } finally {
      await stack.close()
    }
  })
})
