import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditItem } from '@waybill/flags'
import type { Phase, RolloutPlan, StoredRollout } from '@waybill/rollout'
import { unless } from '../demo/interruption.ts'
import { usersOf } from '../demo/load.ts'
import { seededRandom } from '../demo/random.ts'
import { rolloutInStore } from '../demo/rollout.ts'
import { DELIVERIES_TABLE, readDeliveries } from '../load/deliveries.ts'
import { createTable } from '../local/resources.ts'
import { startLocalEngines } from '../local/stack.ts'
import { type SteadyLoad, startSteadyLoad } from '../page/steady-load.ts'
import type { PlantedBugs } from '../planted-bug.ts'
import { type RolloutClock, rolloutClock } from './clock.ts'
import { driveRollouts, type RolloutDriver } from './driver.ts'
import { FLAG, planOf } from './plan.ts'
import { TIMELINE_HEAD, timelineLine, type WatchedTick, watchedTick } from './timeline.ts'
import { type RolloutTruth, truthOf } from './truth.ts'
import { RECALLS_TTL_SECONDS, startWatchedChain, type WatchedChain } from './watched-chain.ts'

export interface RunRolloutsOptions {
  readonly users: number
  /** Orders a second. */
  readonly rate: number
  readonly seed: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** What a minute of a rollout takes. Default a second. */
  readonly minuteTakesMs?: number
  readonly acts?: readonly Act[]
}

/** One rollout of the run. */
export interface Act {
  readonly plan: RolloutPlan
  readonly title: string
  readonly bugs: PlantedBugs
}

export interface ActResult {
  readonly rollout: string
  readonly outcome: Phase
  /** Minutes of the rollout's clock from its start to its end. */
  readonly minutes: number
  readonly ticks: readonly WatchedTick[]
  /** Users who met an error, as the judge knew when it said its last word, and as they were counted in the end. */
  readonly judged: { readonly canary: number; readonly control: number }
  readonly counted: { readonly canary: number; readonly control: number }
  readonly truth: RolloutTruth
  /** Of the flag, its rollout and its recall, the oldest first. */
  readonly audit: readonly AuditEntry[]
}

/** What the flag store's audit trail holds of one change. */
export interface AuditEntry extends Pick<AuditItem, 'kind' | 'action' | 'who' | 'comment'> {
  readonly minute: number
  /** The flag's version, or the rollout's, or the recall's. */
  readonly version: number
}

export interface RolloutsResult {
  readonly users: number
  readonly ratePerSecond: number
  readonly orders: number
  readonly refused: number
  /** All of them came to an end. */
  readonly settled: boolean
  /** What the flag gives the canary in the end. */
  readonly percent: number
  readonly acts: readonly ActResult[]
}

interface Ended {
  readonly rollout: StoredRollout
  readonly ticks: readonly WatchedTick[]
}

/** In the new flow's text for users a name is needed that three of ten never gave: an inner function's own fault. */
export const FAULT: PlantedBugs = { 'notify-user': { kind: 'error', share: 0.3, hits: 'users' } }

export const ACTS: readonly Act[] = [
  { plan: planOf('healthy-1'), title: 'A healthy canary', bugs: {} },
  { plan: planOf('faulty-2'), title: 'A canary whose notify-user fails for three of ten users', bugs: FAULT },
]

const WHO = { who: 'you', comment: 'a rollout to watch' }
const VISIBILITY_TIMEOUT_SECONDS = 4
/** What functions may be in the middle of when they learn of a recall, beside the time that they believe what they knew. */
const KNOWN_WITHIN_MS = RECALLS_TTL_SECONDS * 1000 + 1500
/** Longer than an order takes: what was decided before a change is not met by what comes after. */
const PAUSE_MS = 2000
const SETTLING_MS = 20_000
/** A rollout that has not ended by then will not. */
const MOST_MINUTES = 90

/** Drives rollouts one after the other on the local engines, under a steady load, and finds out what became of users. */
export async function runRollouts(options: RunRolloutsOptions): Promise<RolloutsResult> {
  const { users, rate, seed, signal, say, minuteTakesMs = 1000, acts = ACTS } = options
  const local = await startLocalEngines()
  let chain: WatchedChain | undefined
  let load: SteadyLoad | undefined
  let driver: RolloutDriver | undefined
  try {
    const clock = rolloutClock({ minuteTakesMs })
    chain = await startWatchedChain({
      local,
      clock,
      visibilityTimeoutSeconds: VISIBILITY_TIMEOUT_SECONDS,
      env: { DELIVERIES_TABLE },
    })
    await createTable(chain.stack.clients.dynamodb, DELIVERIES_TABLE, 'orderId', 'delivery')
    await rolloutInStore(chain.store, 0)
    load = startSteadyLoad({
      url: chain.stack.url,
      userIds: usersOf(users),
      ratePerSecond: rate,
      random: seededRandom(seed, 'rollout'),
    })
    const watchers = new Set<(rollout: StoredRollout, tick: WatchedTick) => void>()
    driver = driveRollouts({
      chain,
      clock,
      onTick: (report, rollout) => {
        for (const watch of watchers) watch(rollout, watchedTick(report, rollout, clock))
      },
      onFailure: (error) => say(`A tick failed: ${error instanceof Error ? error.message : error}`),
    })
    const ends: Ended[] = []
    for (const { plan, title, bugs } of acts) {
      await driver.makeRoom(WHO)
      await sleep(PAUSE_MS, undefined, { signal })
      await chain.plant(bugs)
      say(`\n${title} (${plan.id})\n${TIMELINE_HEAD}`)
      const ticks: WatchedTick[] = []
      const ended = Promise.withResolvers<StoredRollout>()
      const watch = (rollout: StoredRollout, tick: WatchedTick): void => {
        ticks.push(tick)
        say(timelineLine(tick))
        const { phase } = rollout.state
        if (phase === 'complete' || phase === 'rolled-back' || tick.minute >= MOST_MINUTES) ended.resolve(rollout)
      }
      watchers.add(watch)
      await driver.start(plan, WHO)
      ends.push({ rollout: await unless(signal, ended.promise), ticks })
      watchers.delete(watch)
    }
    await sleep(PAUSE_MS, undefined, { signal })
    await driver.stop()
    await load.stop()
    say('\nOrders that are still under way come to their end ...')
    const settled = await settledIn(SETTLING_MS, chain, signal)
    const results: ActResult[] = []
    for (const [index, end] of ends.entries()) {
      results.push(await resultOf(chain, clock, end, ends[index + 1]?.rollout.startedAtMs))
    }
    const { placed, refused } = load.counts()
    const flag = await chain.store.get('features', FLAG)
    const weights = flag?.fallthrough?.rollout?.variations ?? []
    const percent = (weights.find(({ variation }) => variation === 1)?.weight ?? Number.NaN) / 1000
    return { users, ratePerSecond: rate, orders: placed, refused, settled, percent, acts: results }
  } finally {
    await driver?.stop()
    await load?.stop()
    await chain?.close()
    await local.close()
  }
}

async function settledIn(timeoutMs: number, chain: WatchedChain, signal: AbortSignal): Promise<boolean> {
  const giveUp = new AbortController()
  const tooLate = sleep(timeoutMs, false, { signal: giveUp.signal }).catch(() => false)
  try {
    return await unless(signal, Promise.race([chain.stack.settled().then(() => true), tooLate]))
  } finally {
    giveUp.abort()
  }
}

async function resultOf(
  { store, affectedUsers, stack }: WatchedChain,
  clock: RolloutClock,
  { rollout, ticks }: Ended,
  untilMs = Number.POSITIVE_INFINITY,
): Promise<ActResult> {
  const { plan, state, startedAtMs, last } = rollout
  const minuteOf = (atMs: number): number => clock.minuteOf(atMs) - clock.minuteOf(startedAtMs)
  const audit = (await store.list('audit', { keyPrefix: `${plan.flag}/` })).filter(
    ({ atMs }) => atMs >= startedAtMs && atMs < untilMs,
  )
  const recall = audit.find(({ kind }) => kind === 'recalls')
  const counted = await affectedUsers.totals(plan.flag, plan.id)
  const errored = (all: typeof state.counted) => {
    const usersOf = (variation: string): number =>
      all.reduce((sum, one) => (one.kind === 'error' && one.variation === variation ? sum + one.users : sum), 0)
    return { canary: usersOf(plan.canary), control: usersOf(plan.control) }
  }
  return {
    rollout: plan.id,
    outcome: state.phase,
    minutes: minuteOf(last?.atMs ?? startedAtMs),
    ticks,
    judged: errored(state.counted),
    counted: errored(counted),
    truth: truthOf({
      deliveries: await readDeliveries(stack.clients.dynamodb),
      versions: new Set(Object.keys(state.percentByVersion).map(Number)),
      knownWithinMs: KNOWN_WITHIN_MS,
      ...(recall === undefined ? {} : { recalledAtMs: clock.toWall(recall.atMs) }),
    }),
    audit: audit.map(({ kind, action, who, comment, atMs, after }) => {
      return { minute: minuteOf(atMs), kind, action, who, comment, version: after?.version ?? 0 }
    }),
  }
}
