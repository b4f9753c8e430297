import { memoryStore } from '@waybill/flags'
import { type RolloutPlan, rolloutController, rolloutOperator, type UserCount } from '@waybill/rollout'

export const MINUTE_MS = 60_000
export const START_MS = Date.UTC(2026, 0, 29, 8)
export const ADA = { who: 'ada', comment: 'new order flow' }

/** A flag, a rollout's operator and controller, and a clock that stands still until somebody moves it. */
export async function rolloutWorld(plan: Partial<RolloutPlan> = {}) {
  const store = memoryStore()
  await store.init({
    flags: {
      checkout: {
        key: 'checkout',
        version: 7,
        on: true,
        variations: [false, true],
        variationNames: ['control', 'canary'],
        offVariation: 0,
        fallthrough: { variation: 0 },
      } as never,
    },
  })
  const world = { nowMs: START_MS, users: [] as readonly UserCount[] }
  const nowMs = (): number => world.nowMs
  const rollouts = rolloutOperator({ store, nowMs })
  const minutes = async () => [{ minuteMs: world.nowMs - 3 * MINUTE_MS, started: 50, finished: 50, errors: 0 }]
  const controller = rolloutController({
    ...{ store, nowMs, minutes, affectedUsers: { totals: async () => world.users } },
    log: () => {},
  })
  const whole: RolloutPlan = {
    ...{ id: 'first', flag: 'checkout', canary: 'canary', control: 'control' },
    steps: [
      { percent: 10, holdMinutes: 5 },
      { percent: 100, holdMinutes: 0 },
    ],
    ...plan,
  }
  return { world, store, rollouts, controller, plan: whole }
}
