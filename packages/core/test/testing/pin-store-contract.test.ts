import { describe, expect, it } from 'vitest'
import { pinStoreContract } from '../../src/testing/pin-store-contract.ts'

interface Kept {
  readonly token: string
  readonly expiresAtSeconds: number
}

type Broken = 'takes the last' | 'never expires' | 'prolongs' | 'ignores case' | 'cuts short' | 'looks, then writes'

/** The smallest pin store, and how it could be wrong. */
function memoryPins(nowMs: () => number, broken?: Broken) {
  const kept = new Map<string, Kept>()
  return {
    claim: async (given: string, token: string, expiresAtSeconds: number): Promise<string | undefined> => {
      const key = broken === 'ignores case' ? given.toLowerCase() : given
      const there = kept.get(key)
      if (broken === 'looks, then writes') await Promise.resolve()
      const live = there !== undefined && (broken === 'never expires' || there.expiresAtSeconds > nowMs() / 1000)
      if (live && broken === 'prolongs') kept.set(key, { ...there, expiresAtSeconds })
      const stays = live && broken !== 'takes the last'
      if (!stays) kept.set(key, { token: broken === 'cuts short' ? token.slice(0, 4096) : token, expiresAtSeconds })
      return stays ? there.token : undefined
    },
  }
}

describe('the contract of pin stores', () => {
  for (const { name, run } of pinStoreContract({ makeStore: async (nowMs) => memoryPins(nowMs) })) it(name, run)

  const wrong: readonly Broken[] = [
    'takes the last',
    'never expires',
    'prolongs',
    'ignores case',
    'cuts short',
    'looks, then writes',
  ]
  it.each(wrong)('finds out the store that %s', async (broken) => {
    const cases = pinStoreContract({ makeStore: async (nowMs) => memoryPins(nowMs, broken) })
    const outcomes = await Promise.allSettled(cases.map(({ run }) => run()))
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  })
})
