import { pick, type Random } from '../demo/random.ts'
import type { Way } from './check.ts'

export interface OrderLoadOptions {
  readonly url: string
  readonly userIds: readonly string[]
  readonly ratePerSecond: number
  readonly random: Random
  /** More orders than this are not under way at once: what is slow is then asked less often. */
  readonly atOnce: number
  /** Says when to stop. */
  readonly until: AbortSignal
}

export interface OrderLoad {
  readonly accepted: readonly Way[]
  /** Answers other than 201, by status; 0: no answer at all. */
  readonly refused: ReadonlyMap<number, number>
  /** Ticks that found all places taken. */
  readonly skipped: number
}

const DISHES = ['ramen', 'pizza', 'paella', 'falafel', 'poutine', 'pho', 'biryani'] as const

/** Places orders at a steady rate, whatever becomes of those before, and waits for the last answer. */
export async function placeOrdersSteadily(options: OrderLoadOptions): Promise<OrderLoad> {
  const { url, userIds, ratePerSecond, random, atOnce, until } = options
  const accepted: Way[] = []
  const refused = new Map<number, number>()
  const underWay = new Set<Promise<void>>()
  let skipped = 0

  const place = async (): Promise<void> => {
    const userId = pick(random, userIds)
    const body = JSON.stringify({ dish: pick(random, DISHES) })
    let status = 0
    try {
      const response = await fetch(`${url}/orders?userId=${userId}`, { method: 'POST', body })
      const text = await response.text()
      status = response.status
      if (status === 201) accepted.push({ ...(JSON.parse(text) as Omit<Way, 'userId'>), userId })
    } catch {
      status = 0
    }
    if (status !== 201) refused.set(status, (refused.get(status) ?? 0) + 1)
  }

  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (underWay.size >= atOnce) {
        skipped += 1
        return
      }
      const placing = place().finally(() => underWay.delete(placing))
      underWay.add(placing)
    }, 1000 / ratePerSecond)
    until.addEventListener('abort', () => {
      clearInterval(timer)
      resolve()
    })
  })
  await Promise.all(underWay)
  return { accepted, refused, skipped }
}
