import { setTimeout as sleep } from 'node:timers/promises'
import type { Stack } from '../local/stack.ts'
import { placeOrders, usersOf } from './load.ts'
import { seededRandom } from './random.ts'
import type { Rollout } from './rollout.ts'
import { readRows } from './rows.ts'

/** 10 % of requests, how many users? With few users nearly all of them. */
export const SEED_CASE = { requests: 41, users: 5, percent: 10 } as const

export interface SeedCaseRun {
  readonly usersTouched: number
  readonly requestsOnCanary: number
}

/** Places the few orders on a stack that is at rest, and looks up whom the canary reached. */
export async function runSeedCase(
  stack: Stack,
  rollout: Rollout,
  options: { readonly seed: number; readonly flagsTtlSeconds: number; readonly signal: AbortSignal },
): Promise<SeedCaseRun> {
  const { seed, flagsTtlSeconds, signal } = options
  await rollout.setPercent(SEED_CASE.percent)
  // Longer than the time to live: every environment then loads the flags anew before it answers.
  await sleep(flagsTtlSeconds * 5000, undefined, { signal })
  const random = seededRandom(seed, 'seed case')
  const userIds = usersOf(SEED_CASE.users).map((id) => `${id}-of-${Math.floor(random() * 2 ** 32).toString(36)}`)
  // One after the other: so few that who comes first would make a difference.
  const { requests: orders } = SEED_CASE
  const { placed } = await placeOrders({ url: stack.url, userIds, orders, random, signal, senders: 1 })
  const rows = await readRows(stack.clients.dynamodb)
  const canary = placed.flatMap(({ orderId }) => {
    const order = rows.get(orderId)?.get('order')
    return order?.variation === 'canary' ? [order] : []
  })
  return { usersTouched: new Set(canary.map(({ userId }) => userId)).size, requestsOnCanary: canary.length }
}
