import { compileRuleset, memoryStore } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { usersOf } from '../../src/demo/load.ts'
import { rolloutInStore } from '../../src/demo/rollout.ts'

describe('the rollout in the flag store', () => {
  it('gives a share of the users the canary, and keeps it for them when the share is raised', async () => {
    const store = memoryStore()
    const rollout = await rolloutInStore(store, 10)
    const onCanary = async () => {
      const { decide } = compileRuleset((await store.readAll()) ?? { flags: {} })
      return usersOf(1000).filter((key) => decide('new-order-flow', { key }, false).value === true)
    }
    const few = await onCanary()
    expect(few.length).toBeGreaterThan(60)
    expect(few.length).toBeLessThan(140)

    expect(await rollout.setPercent(50)).toBe(2)
    const half = await onCanary()
    expect(half.length).toBeGreaterThan(440)
    expect(few.filter((user) => !half.includes(user))).toEqual([])

    expect(await rollout.setPercent(0)).toBe(3)
    expect(await onCanary()).toEqual([])
    expect(rollout.percent()).toBe(0)
  })
})
