import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AffectedUsers } from '@waybill/core'
import { dynamoDbAffectedUsers, dynamoDbFlagStore } from '@waybill/dynamodb'
import type { FlagStore } from '@waybill/flags'
import type { FunctionOptions } from '@waybill/local'
import type { ReadMinutes } from '@waybill/rollout'
import { createTable } from '../local/resources.ts'
import { type LocalEngines, plainDeployment, type Stack, startStack } from '../local/stack.ts'
import type { PlantedBugs } from '../planted-bug.ts'
import type { RolloutClock } from './clock.ts'
import { startRolloutMetrics } from './metrics.ts'

export interface WatchedChainOptions {
  readonly local: LocalEngines
  readonly clock: RolloutClock
  /** How long a message that failed stays out of sight. */
  readonly visibilityTimeoutSeconds: number
  readonly bisects?: boolean
  readonly onLine?: (line: string) => void
  /** What a function has of its own beside what all have. */
  readonly with?: (functionName: string) => Partial<FunctionOptions>
  /** Environment of all functions, beside what a rollout needs. */
  readonly env?: Readonly<Record<string, string>>
}

/** The order chain with all that a rollout needs: affected users counted, recalls followed, metrics by the minute. */
export interface WatchedChain {
  readonly stack: Stack
  readonly store: FlagStore
  readonly affectedUsers: AffectedUsers
  readonly minutes: ReadMinutes
  /** In place of all bugs there were: running functions have them at their next attempt. */
  plant(bugs: PlantedBugs): Promise<void>
  /** From now on users are counted under that name. */
  countUnder(name: string): Promise<void>
  close(): Promise<void>
}

const AFFECTED_USERS_TABLE = 'affected-users'
/** One in so many users is counted when they are seen: all, where there are but hundreds. */
export const SEEN_ONE_IN = 1
/** How long functions believe the recalls that they know, in seconds of the wall's clock. */
export const RECALLS_TTL_SECONDS = 0.5
/** What a function does in a tenth of that when nothing is wrong. */
const SLOW_MS = 250

export async function startWatchedChain(options: WatchedChainOptions): Promise<WatchedChain> {
  const { local, clock, visibilityTimeoutSeconds, bisects = false, onLine } = options
  const closing: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).toReversed()) await step()
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'waybill-rollout-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    const files = { bugs: join(folder, 'bugs.json'), name: join(folder, 'rollout-name') }
    const metrics = await startRolloutMetrics(clock)
    closing.push(() => metrics.close())
    const env = {
      PLANTED_BUGS: files.bugs,
      ROLLOUT_NAME: files.name,
      AFFECTED_USERS_TABLE,
      SEEN_ONE_IN: String(SEEN_ONE_IN),
      SLOW_MS: String(SLOW_MS),
      RECALLS_TTL_SECONDS: String(RECALLS_TTL_SECONDS),
      ...options.env,
    }
    const stack = await startStack({
      local,
      bisects,
      visibilityTimeoutSeconds,
      onLog: ({ line }) => {
        metrics.add(line)
        onLine?.(line)
      },
      deployment: (host) => {
        const plain = plainDeployment(host)
        return {
          ...plain,
          deploy: (fn) => plain.deploy({ ...fn, ...options.with?.(fn.name), env: { ...fn.env, ...env } }),
        }
      },
    })
    closing.push(() => stack.close())
    const { dynamodb } = stack.clients
    await createTable(dynamodb, AFFECTED_USERS_TABLE, 'key', 'part')
    const plant = (bugs: PlantedBugs): Promise<void> => writeFile(files.bugs, JSON.stringify(bugs))
    await plant({})
    return {
      stack,
      store: dynamoDbFlagStore({ client: dynamodb, tableName: 'flags' }),
      affectedUsers: dynamoDbAffectedUsers({ client: dynamodb, tableName: AFFECTED_USERS_TABLE }),
      minutes: metrics.minutes,
      plant,
      countUnder: (name) => writeFile(files.name, name),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
