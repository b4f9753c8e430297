import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { usersOf } from '../demo/load.ts'
import { seededRandom } from '../demo/random.ts'
import { rolloutInStore } from '../demo/rollout.ts'
import { FUNCTION_NAMES } from '../local/functions.ts'
import { startLocalEngines } from '../local/stack.ts'
import { rolloutClock } from '../rollout/clock.ts'
import { driveRollouts } from '../rollout/driver.ts'
import { FLAG } from '../rollout/plan.ts'
import { watchedTick } from '../rollout/timeline.ts'
import { startWatchedChain } from '../rollout/watched-chain.ts'
import { pageActions } from './actions.ts'
import { readAssets } from './assets.ts'
import type { BugName } from './browser/state.ts'
import { BUGS } from './bugs.ts'
import { liveMetrics } from './live-metrics.ts'
import { operatorOf } from './operator.ts'
import { rolloutActions } from './rollout-actions.ts'
import { rolloutPanel } from './rollout-panel.ts'
import { startPageServer } from './server.ts'
import { startSteadyLoad } from './steady-load.ts'
import { KEPT_SECONDS, pageTicks } from './ticks.ts'

export interface PageOptions {
  readonly users: number
  readonly percent: number
  readonly seed: number
  /** Orders a second. */
  readonly rate: number
  /** 0: any free one. */
  readonly port: number
}

/** The page, at work. */
export interface ServedPage {
  readonly url: string
  /** As `AWS_ENDPOINT_URL_DYNAMODB`, for whoever wants to change the flag from a terminal. */
  readonly dynamodbUrl: string
  close(): Promise<void>
}

/** What a minute of a rollout takes on the page: slow enough to read along. */
const MINUTE_TAKES_MS = 1500
/** Little enough to be used up at once; of what has the bug that does it. */
const MEMORY_MB = 96

/** Starts engines, functions, orders and the page; all of it ends with `close`. */
export async function servePage({ users, percent, seed, rate, port }: PageOptions): Promise<ServedPage> {
  const closing: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).toReversed()) await step()
  }
  try {
    const local = await startLocalEngines()
    closing.push(() => local.close())
    const metrics = liveMetrics(KEPT_SECONDS)
    const clock = rolloutClock({ minuteTakesMs: MINUTE_TAKES_MS })
    const chain = await startWatchedChain({
      local,
      clock,
      bisects: true,
      visibilityTimeoutSeconds: 20,
      onLine: metrics.add,
      with: (name) => (name === 'loyalty' ? { memoryMb: MEMORY_MB, maxConcurrency: 2 } : {}),
    })
    closing.push(() => chain.close())
    const { stack, store } = chain
    let bug: BugName = 'none'
    const plantBug = async (name: BugName): Promise<void> => {
      await chain.plant(BUGS[name].bugs)
      bug = name
    }

    await rolloutInStore(store, percent)
    const who = `${userInfo().username} on the page`
    const operator = operatorOf({
      store,
      flag: FLAG,
      canary: 1,
      control: 0,
      who,
      nowMs: Date.now,
      unique: () => randomUUID().slice(0, 8),
      wallMs: clock.toWall,
    })
    const panel = rolloutPanel(clock)
    const driver = driveRollouts({
      chain,
      clock,
      onTick: (report, rollout) => panel.ticked(rollout, watchedTick(report, rollout, clock)),
    })
    closing.push(() => driver.stop())
    const load = startSteadyLoad({
      url: stack.url,
      userIds: usersOf(users),
      ratePerSecond: rate,
      random: seededRandom(seed, 'steady load'),
    })
    closing.push(() => load.stop())

    const ticks = pageTicks({
      metrics,
      operator,
      bug: () => bug,
      load: load.counts,
      rollout: panel.section,
      names: { flag: FLAG, canary: 'canary', control: 'control', services: FUNCTION_NAMES },
      nowMs: Date.now,
    })
    const server = await startPageServer({
      assets: await readAssets(),
      welcome: ticks.welcome,
      actions: {
        ...pageActions(operator, plantBug),
        ...rolloutActions({ driver, panel, who, bug: () => bug, plantBug }),
      },
      port,
    })
    closing.push(() => server.close())
    ticks.start(server.publish)
    closing.push(() => ticks.stop())
    return { url: server.url, dynamodbUrl: local.engines.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '', close }
  } catch (error) {
    await close()
    throw error
  }
}
