import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { usersOf } from '../demo/load.ts'
import { seededRandom } from '../demo/random.ts'
import { FUNCTION_NAMES, type FunctionName } from '../local/functions.ts'
import { importBigBatch } from './big-batch.ts'
import { type Check, check } from './check.ts'
import { type CountCollector, collectCounts } from './counts.ts'
import { readDeliveries } from './deliveries.ts'
import type { FaultInjector } from './faults.ts'
import { movingFlag } from './moving-flag.ts'
import { type OrderLoad, placeOrdersSteadily } from './orders.ts'
import { type LoadStack, startLoadStack } from './stack.ts'
import { drawStorm, runStorm, type Storm, type StormOptions } from './storm.ts'

export interface LoadRunOptions extends Pick<StormOptions, 'downMs' | 'upMs' | 'faultEveryMs'> {
  readonly seed: number
  readonly durationMs: number
  readonly ratePerSecond: number
  readonly users: number
  /** Records of the one big batch. */
  readonly batchRecords: number
  readonly timeoutMs: number
  readonly visibilityTimeoutSeconds: number
  /** How often the rollout moves. */
  readonly moveEveryMs: number
  /** How long draining may take, redrives included. */
  readonly drainLimitMs: number
  readonly logsTo?: string
  readonly handlers?: Readonly<Partial<Record<FunctionName, string>>>
  readonly progress?: (line: string) => void
}

export interface LoadResult {
  readonly check: Check
  readonly load: OrderLoad
  readonly storm: Storm
  readonly struck: ReturnType<FaultInjector['struck']>
  readonly imported: number
  readonly largestBatch: ReturnType<LoadStack['largestBatch']>
  readonly redriven: { readonly messages: number; readonly invocations: number }
  readonly flagVersions: number
  readonly counts: Pick<CountCollector, 'losses' | 'notes'>
  readonly drained: boolean
}

/** More is done at a time than one environment of each function can; what is above it waits outside. */
const ORDERS_AT_ONCE = 48

/** A lambda's event may be larger here than on AWS: `--batch` records in one invocation is what is tried. */
const TRIAL_EVENT_BYTES = 64 * 1024 * 1024

/** The order chain under load, while engines and functions fail; then a big batch; then the truth. */
export async function runLoad(options: LoadRunOptions): Promise<LoadResult> {
  const { seed, durationMs, users, batchRecords, progress = () => undefined } = options
  const directory = await mkdtemp(join(tmpdir(), 'waybill-load-'))
  const counts = collectCounts()
  const stack = await startLoadStack({
    directory,
    timeoutMs: options.timeoutMs,
    visibilityTimeoutSeconds: options.visibilityTimeoutSeconds,
    restaurantBatch: { records: batchRecords, bytes: TRIAL_EVENT_BYTES },
    onLog: counts.add,
    ...(options.logsTo === undefined ? {} : { logsTo: options.logsTo }),
    ...(options.handlers === undefined ? {} : { handlers: options.handlers }),
  }).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true })
    throw error
  })
  try {
    const { clients, breakables, faults } = stack
    const store = dynamoDbFlagStore({ client: clients.dynamodb, tableName: 'flags' })
    const flag = await movingFlag(store, seededRandom(seed, 'flag'))
    const storm = drawStorm({
      ...options,
      random: seededRandom(seed, 'storm'),
      breakables,
      functionNames: FUNCTION_NAMES,
    })
    const userIds = usersOf(users)
    const ending = new AbortController()

    progress(`storm: ${storm.engines.length} outages, ${storm.functions.length} function faults`)
    const startedMs = performance.now()
    const wait = (untilMs: number): Promise<void> => sleep(Math.max(0, startedMs + untilMs - performance.now()))
    const moving = flag.move(options.moveEveryMs, ending.signal)
    const loading = placeOrdersSteadily({
      url: stack.url,
      userIds,
      ratePerSecond: options.ratePerSecond,
      random: seededRandom(seed, 'orders'),
      atOnce: ORDERS_AT_ONCE,
      until: ending.signal,
    })
    await runStorm(storm, breakables, faults.strike, wait)
    await wait(durationMs)
    ending.abort()
    const [load] = await Promise.all([loading, moving])
    progress(`accepted ${load.accepted.length}; draining`)
    const limit = AbortSignal.timeout(options.drainLimitMs)
    const redriven = { messages: 0, invocations: 0 }
    let drained = await drain(stack, redriven, limit)

    progress(`a batch of ${batchRecords}`)
    const imported = await importBigBatch(stack, batchRecords, userIds, seededRandom(seed, 'imports'))
    drained = (await drain(stack, redriven, limit)) && drained

    const accepted = [
      ...load.accepted.map((order) => ({ ...order, imported: false })),
      ...imported.map((order) => ({ ...order, imported: true })),
    ]
    const deliveries = await readDeliveries(clients.dynamodb)
    return {
      check: check({ accepted, deliveries, expected: flag.expected }),
      load,
      storm,
      struck: faults.struck(),
      imported: imported.length,
      largestBatch: stack.largestBatch(),
      redriven,
      flagVersions: flag.versions(),
      counts,
      drained,
    }
  } finally {
    await stack.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Waits until nothing is under way and nothing was given up, redriving what was. Answers false when time is up. */
async function drain(
  stack: LoadStack,
  redriven: { messages: number; invocations: number },
  limit: AbortSignal,
): Promise<boolean> {
  const draining = (async (): Promise<boolean> => {
    while (!limit.aborted) {
      await stack.settled()
      const { messages, invocations } = await stack.redrive()
      redriven.messages += messages
      redriven.invocations += invocations
      if (messages + invocations === 0) return true
    }
    return false
  })()
  const late = new Promise<boolean>((resolve) => limit.addEventListener('abort', () => resolve(false)))
  return limit.aborted ? false : Promise.race([draining, late])
}
