import { setTimeout as sleep } from 'node:timers/promises'
import { compileRuleset, type FlagStore } from '@waybill/flags'
import type { Random } from '../demo/random.ts'
import { flagData } from '../demo/rollout.ts'

/** The flag while its rollout moves, so that messages under way at one time were decided by different versions. */
export interface MovingFlag {
  /** Moves it until the signal is aborted. */
  move(everyMs: number, until: AbortSignal): Promise<void>
  versions(): number
  /** What the flag's data says, apart from the store and the chain. */
  expected(userId: string, flagVersion: number): string | undefined
}

export async function movingFlag(store: FlagStore, random: Random): Promise<MovingFlag> {
  const rulesets = new Map<number, ReturnType<typeof compileRuleset>>()
  let version = 0
  const next = (): ReturnType<typeof flagData> => {
    version += 1
    const data = flagData(20 + Math.floor(random() * 60), version)
    // Before it is sent: a write that seems to fail may have come through.
    rulesets.set(version, compileRuleset({ flags: { [data.key]: data } }))
    return data
  }
  await store.init({ flags: { 'new-order-flow': next() }, segments: {} })
  return {
    move: async (everyMs, until) => {
      while (!until.aborted) {
        await sleep(everyMs, undefined, { signal: until }).catch(() => undefined)
        // The store may be down: then this version is seen by nobody.
        await store.upsert('features', next()).catch(() => undefined)
      }
    },
    versions: () => version,
    expected: (userId, flagVersion) => {
      // Version 0: nothing was known of the flag, and its declared default holds.
      if (flagVersion === 0) return 'control'
      const value = rulesets.get(flagVersion)?.decide('new-order-flow', { key: userId }, false).value
      return value === undefined ? undefined : value === true ? 'canary' : 'control'
    },
  }
}
