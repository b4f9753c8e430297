import type { FlagStore } from '@waybill/flags'

/** How an operator sets the share of users (or of requests) that gets the canary. */
export interface Rollout {
  percent(): number
  /** Answers the version of the flag data from which on it holds; 0 where there is none. */
  setPercent(percent: number): Promise<number>
}

/** The flag as LaunchDarkly's model has it: by user, in thousandths of a percent. */
export function flagData(percent: number, version: number) {
  return {
    key: 'new-order-flow',
    version,
    on: true,
    salt: 'food-ordering',
    variations: [false, true],
    variationNames: ['control', 'canary'],
    offVariation: 0,
    fallthrough: {
      rollout: {
        variations: [
          { variation: 1, weight: percent * 1000 },
          { variation: 0, weight: 100_000 - percent * 1000 },
        ],
      },
    },
  }
}

/** A rollout in the flag store: the edge function sees it when its cached flags have had their time. */
export async function rolloutInStore(store: FlagStore, startPercent: number): Promise<Rollout> {
  let percent = startPercent
  let version = 1
  await store.init({ flags: { 'new-order-flow': flagData(percent, version) }, segments: {} })
  return {
    percent: () => percent,
    setPercent: async (next) => {
      version += 1
      await store.upsert('features', flagData(next, version))
      percent = next
      return version
    },
  }
}

/** A weight on an alias: holds at once. */
export function rolloutByWeight(startPercent: number): Rollout {
  let percent = startPercent
  return {
    percent: () => percent,
    setPercent: async (next) => {
      percent = next
      return 0
    },
  }
}
