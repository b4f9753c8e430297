import { expect, test } from 'vitest'
import type { TimedDelivery } from '../../src/load/deliveries.ts'
import { truthOf } from '../../src/rollout/truth.ts'

const RECALLED_MS = 10_000

function delivery(row: string, changes: Partial<TimedDelivery> = {}): TimedDelivery {
  const usual = {
    orderId: 'one',
    userId: 'ada',
    variation: 'canary',
    flagVersion: 3,
    origin: 'propagated',
    atMs: 1_000,
  }
  return { ...usual, row: row as TimedDelivery['row'], ...changes }
}

const of = (...deliveries: readonly TimedDelivery[]) =>
  truthOf({ deliveries, versions: new Set([3, 4]), recalledAtMs: RECALLED_MS, knownWithinMs: 2_000 })

test('a user is hurt once, however often and wherever their orders fail', () => {
  const truth = of(
    delivery('order'),
    delivery('notify-user error'),
    delivery('notify-user error'),
    delivery('order', { orderId: 'two' }),
    delivery('loyalty out-of-memory', { orderId: 'two' }),
    delivery('notify-user error', { orderId: 'three', userId: 'bob' }),
  )
  expect(truth).toMatchObject({ usersHurt: 2, ordersHurt: 3, ordersHealed: 0, usersOnCanary: 1 })
})

test('what is slow hurts nobody, and what another rollout did is not this one’s', () => {
  const truth = of(delivery('notify-user slowness'), delivery('notify-user error', { flagVersion: 2 }))
  expect(truth).toMatchObject({ usersHurt: 0, ordersHurt: 0 })
})

test('an order is healed when each function that failed came to its end', () => {
  const control = { variation: 'control', origin: 'recalled', atMs: RECALLED_MS + 3_000 }
  const failed = [delivery('order'), delivery('notify-user error'), delivery('notify-restaurant error')]
  expect(of(...failed, delivery('user-notification', control)).ordersHealed).toBe(0)
  const healed = of(...failed, delivery('user-notification', control), delivery('restaurant-notification', control))
  expect(healed).toMatchObject({ ordersHealed: 1, ordersRecalled: 1, handlingsRecalled: 2 })
})

test('a control order that a recall reaches was not taken from the canary', () => {
  const truth = of(
    delivery('order', { variation: 'control' }),
    delivery('points', { variation: 'control', origin: 'recalled' }),
  )
  expect(truth).toMatchObject({ ordersRecalled: 0, handlingsRecalled: 0 })
})

test('the canary may run on for as long as nobody can know of the recall, and no longer', () => {
  const at = (afterMs: number) => ({ atMs: RECALLED_MS + afterMs })
  expect(of(delivery('points', at(1_900)))).toMatchObject({ canaryAfterRecall: 0, lastCanaryAfterRecallMs: 1_900 })
  expect(of(delivery('points', at(2_100)))).toMatchObject({ canaryAfterRecall: 1, lastCanaryAfterRecallMs: 2_100 })
  expect(of(delivery('notify-user error', at(2_100))).canaryAfterRecall).toBe(1)
  expect(of(delivery('points', { ...at(2_100), variation: 'control' })).canaryAfterRecall).toBe(0)
  expect(of(delivery('order', at(2_100)))).toMatchObject({ canaryAfterRecall: 0, placedAfterRollback: 1 })
})
