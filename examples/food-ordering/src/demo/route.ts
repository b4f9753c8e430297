import type { LambdaHost } from '@waybill/local'
import { type Deployment, type LocalEngines, type Stack, startStack } from '../local/stack.ts'
import { collectEmf } from './emf.ts'
import { unless } from './interruption.ts'
import { placeOrders, usersOf } from './load.ts'
import type { DemoOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { seededRandom } from './random.ts'
import type { RouteResult } from './results.ts'
import type { Rollout } from './rollout.ts'
import { readRows } from './rows.ts'
import { operatorScript } from './script.ts'
import { runSeedCase, type SeedCaseRun } from './seed-case.ts'
import { timelineOf } from './timeline.ts'
import { type Truth, truthOf } from './truth.ts'

/** One way of routing: how functions are deployed for it, and how its rollout is set. */
export interface Routing {
  readonly name: RouteResult['routing']
  readonly deployment: (host: LambdaHost) => Deployment
  readonly rollout: (stack: Stack) => Promise<Rollout>
}

export interface RouteRun {
  readonly result: RouteResult
  readonly truth: Truth
  readonly seedCase: SeedCaseRun
  /** What the edge said instead of taking an order. */
  readonly refusals: readonly string[]
}

export interface RunOptions extends Omit<DemoOptions, 'json'> {
  readonly signal: AbortSignal
  readonly progress: Progress
}

const FLAGS_TTL_SECONDS = 0.25

/**
 * Production asks each shard once a second. Asking as soon as anything may be there makes many small batches, and each is an
 * invocation that a small machine pays for.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 */
const POLL_INTERVAL_MS = 300

/** Runs the whole script on a fresh stack, and takes the stack away again. */
export async function runRoute(local: LocalEngines, routing: Routing, options: RunOptions): Promise<RouteRun> {
  const { orders, users, seed, signal, progress } = options
  const emf = collectEmf()
  const stack = await startStack({
    local,
    deployment: routing.deployment,
    onLog: ({ functionName, line }) => emf.add(functionName, line),
    flagsTtlSeconds: FLAGS_TTL_SECONDS,
    pollIntervalMs: POLL_INTERVAL_MS,
  })
  try {
    signal.throwIfAborted()
    const rollout = await routing.rollout(stack)
    const start = { atMs: Date.now(), percent: rollout.percent() }
    const script = operatorScript(orders, stack, rollout)
    progress.begin(routing.name, orders)
    const { refusals } = await placeOrders({
      url: stack.url,
      userIds: usersOf(users),
      orders,
      random: seededRandom(seed, 'orders'),
      signal,
      onSending: script.beforeOrder,
      onPlaced: (order) => {
        script.afterOrder(order)
        progress.step(`${rollout.percent()} %`)
      },
    }).finally(script.end)
    await unless(signal, stack.settled())
    const durationMs = Date.now() - start.atMs

    const rows = await readRows(stack.clients.dynamodb)
    const services = emf.services()
    const killedAtMs = script.interventions.at(-1)?.atMs ?? 0
    const truth = truthOf({ routing: routing.name, sent: orders, rows, killedAtMs })
    const placedRows = [...rows.values()].flatMap((chain) => chain.get('order') ?? [])
    const interventions = script.interventions.map((one) =>
      one.percent > 0
        ? one
        : { ...one, what: `${one.what} with ${truth.canaryOrdersInFlightAtKill} canary orders in flight` },
    )
    const { canaryUsers, hops, mixedChains, lostDecisions, failedOrders, chains } = truth
    const result: RouteResult = {
      routing: routing.name,
      users: new Set(placedRows.map(({ userId }) => userId)).size,
      orders,
      canaryUsers,
      hops,
      mixedChains,
      lostDecisions,
      failedOrders,
      services,
      chains,
      timeline: timelineOf(placedRows, interventions, start),
      durationMs,
    }
    const seedCase = await runSeedCase(stack, rollout, { seed, flagsTtlSeconds: FLAGS_TTL_SECONDS, signal })
    await unless(signal, stack.settled())
    return { result, truth, seedCase, refusals }
  } finally {
    progress.end()
    await stack.close()
  }
}
