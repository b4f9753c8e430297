import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { plainDeployment, startLocalEngines } from '../local/stack.ts'
import { seededRandom } from './random.ts'
import type { DemoResult } from './results.ts'
import { type Rollout, rolloutByWeight, rolloutInStore } from './rollout.ts'
import { type RouteRun, type Routing, type RunOptions, runRoute } from './route.ts'
import { SEED_CASE } from './seed-case.ts'
import { weightedAlias } from './weighted-alias.ts'

export interface DemoRun {
  readonly result: DemoResult
  readonly waybill: RouteRun
  readonly weightedAlias: RouteRun
}

/** Both ways of routing, one after the other on the same engines. Rejects when the signal is aborted. */
export async function runDemo(options: RunOptions): Promise<DemoRun> {
  const { orders, users, percent, seed, progress } = options
  const startedAt = new Date().toISOString()
  const local = await startLocalEngines()
  try {
    progress.say(`${orders} orders of ${users} users, ${percent} % canary, seed ${seed}`)
    const waybill = await runRoute(local, byWaybill(percent), options)
    const alias = await runRoute(local, byWeightedAlias(percent, seed), options)
    const result: DemoResult = {
      seed,
      options: { orders, users, percent },
      waybill: waybill.result,
      weightedAlias: alias.result,
      seedCase: {
        requests: SEED_CASE.requests,
        users: SEED_CASE.users,
        waybillUsersTouched: waybill.seedCase.usersTouched,
        weightedAliasUsersTouched: alias.seedCase.usersTouched,
        waybillRequestsOnCanary: waybill.seedCase.requestsOnCanary,
        weightedAliasRequestsOnCanary: alias.seedCase.requestsOnCanary,
      },
      startedAt,
    }
    return { result, waybill, weightedAlias: alias }
  } finally {
    await local.close()
  }
}

function byWaybill(percent: number): Routing {
  return {
    name: 'waybill',
    deployment: plainDeployment,
    rollout: ({ clients }) =>
      rolloutInStore(dynamoDbFlagStore({ client: clients.dynamodb, tableName: 'flags' }), percent),
  }
}

/** The flag store stays as it is then: whatever an edge decides, each version runs its own variation. */
function byWeightedAlias(percent: number, seed: number): Routing {
  let rollout: Rollout = rolloutByWeight(percent)
  return {
    name: 'weighted-alias',
    deployment: (host) =>
      weightedAlias(
        host,
        (functionName) => seededRandom(seed, `weighted alias of ${functionName}`),
        () => rollout.percent(),
      ),
    rollout: async ({ clients }) => {
      await rolloutInStore(dynamoDbFlagStore({ client: clients.dynamodb, tableName: 'flags' }), 0)
      rollout = rolloutByWeight(percent)
      return rollout
    },
  }
}
