import { drawOrder, placeOrder } from '../demo/load.ts'
import type { Random } from '../demo/random.ts'
import type { LoadCounts } from './browser/state.ts'

/** Orders at a steady rate, until it is stopped. */
export interface SteadyLoad {
  counts(): LoadCounts
  /** Resolves when the last answer is there. */
  stop(): Promise<void>
}

export interface SteadyLoadOptions {
  /** Where `POST /orders` is served. */
  readonly url: string
  readonly userIds: readonly string[]
  readonly ratePerSecond: number
  readonly random: Random
}

/** What a slow chain may have to answer at a time; beyond it an order is left out. */
const MAX_IN_FLIGHT = 24

export function startSteadyLoad({ url, userIds, ratePerSecond, random }: SteadyLoadOptions): SteadyLoad {
  const ending = new AbortController()
  const inFlight = new Set<Promise<void>>()
  let placed = 0
  let refused = 0

  const send = async (): Promise<void> => {
    try {
      const answer = await placeOrder(url, drawOrder(random, userIds), ending.signal)
      if ('refusal' in answer) refused += 1
      else placed += 1
    } catch {
      if (!ending.signal.aborted) refused += 1
    }
  }
  const timer = setInterval(() => {
    if (inFlight.size >= MAX_IN_FLIGHT) return
    const sending = send().finally(() => inFlight.delete(sending))
    inFlight.add(sending)
  }, 1000 / ratePerSecond)

  return {
    counts: () => ({ ratePerSecond, placed, refused }),
    stop: async () => {
      clearInterval(timer)
      ending.abort()
      await Promise.all(inFlight)
    },
  }
}
