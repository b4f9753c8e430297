import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { dynamoDbFlagStore } from '@waybill/dynamodb'
import { usersOf } from '../demo/load.ts'
import { seededRandom } from '../demo/random.ts'
import { rolloutInStore } from '../demo/rollout.ts'
import { FUNCTION_NAMES } from '../local/functions.ts'
import { createTable } from '../local/resources.ts'
import { plainDeployment, startLocalEngines, startStack } from '../local/stack.ts'
import { pageActions } from './actions.ts'
import { readAssets } from './assets.ts'
import type { BugName } from './browser/state.ts'
import { plant } from './bugs.ts'
import { liveMetrics } from './live-metrics.ts'
import { operatorOf } from './operator.ts'
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

const FLAG = 'new-order-flow'
const AFFECTED_USERS_TABLE = 'affected-users'
/** Little enough to be used up at once; of what has the bug that does it. */
const MEMORY_MB = 96

/** Starts engines, functions, orders and the page; all of it ends with `close`. */
export async function servePage({ users, percent, seed, rate, port }: PageOptions): Promise<ServedPage> {
  const closing: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).toReversed()) await step()
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'waybill-page-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    const bugsFile = join(folder, 'bugs.json')
    let bug: BugName = 'none'
    const plantBug = async (name: BugName): Promise<void> => {
      await plant(name, bugsFile)
      bug = name
    }
    await plantBug('none')

    const local = await startLocalEngines()
    closing.push(() => local.close())
    const metrics = liveMetrics(KEPT_SECONDS)
    const stack = await startStack({
      local,
      bisects: true,
      visibilityTimeoutSeconds: 20,
      onLog: ({ line }) => metrics.add(line),
      deployment: (host) => {
        const plain = plainDeployment(host)
        return {
          ...plain,
          deploy: (fn) =>
            plain.deploy({
              ...fn,
              env: { ...fn.env, PLANTED_BUGS: bugsFile, AFFECTED_USERS_TABLE },
              ...(fn.name === 'loyalty' ? { memoryMb: MEMORY_MB, maxConcurrency: 2 } : {}),
            }),
        }
      },
    })
    closing.push(() => stack.close())

    const store = dynamoDbFlagStore({ client: stack.clients.dynamodb, tableName: 'flags' })
    await rolloutInStore(store, percent)
    await createTable(stack.clients.dynamodb, AFFECTED_USERS_TABLE, 'key', 'part')
    const operator = operatorOf({
      store,
      flag: FLAG,
      canary: 1,
      control: 0,
      who: `${userInfo().username} on the page`,
      nowMs: Date.now,
      unique: () => randomUUID().slice(0, 8),
    })
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
      names: { flag: FLAG, canary: 'canary', control: 'control', services: FUNCTION_NAMES },
      nowMs: Date.now,
    })
    const server = await startPageServer({
      assets: await readAssets(),
      welcome: ticks.welcome,
      actions: pageActions(operator, plantBug),
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
