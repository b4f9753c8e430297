import { pick, type Random } from './random.ts'

/** What the edge answered to one order. */
export interface PlacedOrder {
  readonly orderId: string
  readonly userId: string
  readonly variation: string
  readonly flagVersion: number
}

export interface LoadOptions {
  readonly url: string
  readonly userIds: readonly string[]
  readonly orders: number
  readonly random: Random
  readonly signal: AbortSignal
  /** Requests at a time. Default: as many as keep two cores busy. */
  readonly senders?: number
  /** Called before the order of that number (from 0) is sent; the sender waits for it. */
  readonly onSending?: (number: number) => Promise<void> | undefined
  readonly onPlaced?: (order: PlacedOrder) => void
}

export interface Load {
  readonly placed: readonly PlacedOrder[]
  /** What the edge said instead of taking an order. */
  readonly refusals: readonly string[]
}

const SENDERS = 12

const DISHES = ['ramen', 'pizza', 'paella', 'falafel', 'poutine', 'pho', 'biryani'] as const

/** The users of a run, by number. */
export function usersOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `user-${index + 1}`)
}

/** Places orders, each by a user drawn from all. Rejects when the signal is aborted. */
export async function placeOrders(options: LoadOptions): Promise<Load> {
  const { url, userIds, random, signal, senders = SENDERS, onSending, onPlaced } = options
  // Drawn ahead: which order is whose does not hang on who answers first.
  const plan = Array.from({ length: options.orders }, () => drawOrder(random, userIds))
  const placed: PlacedOrder[] = []
  const refusals: string[] = []
  let next = 0

  const send = async (): Promise<void> => {
    for (let number = next++; number < plan.length; number = next++) {
      const wish = plan[number]
      if (wish === undefined) return
      await onSending?.(number)
      signal.throwIfAborted()
      const order = await placeOrder(url, wish, signal)
      if ('refusal' in order) refusals.push(order.refusal)
      else {
        placed.push(order)
        onPlaced?.(order)
      }
    }
  }

  await Promise.all(Array.from({ length: senders }, send))
  return { placed, refusals }
}

/** Who wants what. */
export interface Wish {
  readonly userId: string
  readonly dish: string
}

export function drawOrder(random: Random, userIds: readonly string[]): Wish {
  return { userId: pick(random, userIds), dish: pick(random, DISHES) }
}

/** Places one order, and says what the edge answered. */
export async function placeOrder(
  url: string,
  { userId, dish }: Wish,
  signal: AbortSignal,
): Promise<PlacedOrder | { readonly refusal: string }> {
  const response = await fetch(`${url}/orders?userId=${userId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dish }),
    signal,
  })
  const text = await response.text()
  if (response.status !== 201) return { refusal: `${response.status} ${text}` }
  return { ...(JSON.parse(text) as Omit<PlacedOrder, 'userId'>), userId }
}
