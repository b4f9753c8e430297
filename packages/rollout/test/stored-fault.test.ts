import type { RolloutItem } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { ADA, PLAN, World } from './world.ts'

/** A rollout under way, and beside it an item that is none: a copy of it with something else, under `key`. */
async function withOdd(change: object, key = 'a'): Promise<World> {
  const world = new World()
  await world.begin({ ...PLAN, alarms: ['gross-failure'] })
  const good = (await world.store.get('rollouts', 'f')) ?? { key, version: 1 }
  const odd = { ...good, plan: { ...PLAN, flag: key }, key, version: 1, ...change } as RolloutItem
  await world.store.put('rollouts', odd, { ifVersion: 'absent' })
  return world
}

describe('an item that is no rollout', () => {
  it.each<[string, object]>([
    ['nothing but a key', { plan: undefined, state: undefined, outbox: undefined }],
    ['a plan of another release', { plan: { ...PLAN, flag: 'a', colour: 'red' } }],
    ['the plan of another flag', { plan: PLAN }],
    ['no state', { state: null }],
    ['a phase of another release', { state: { phase: 'resting' } }],
    ['no outbox', { outbox: null }],
  ])('with %s stops neither the tick of others nor an alarm, and is complained of', async (_, change) => {
    const world = await withOdd(change)
    world.pass(4)
    await expect(world.controller().tick()).rejects.toThrow('1 of 2 rollouts failed')
    expect(await world.percents()).toEqual([10, 50])
    await expect(world.controller().alarm('gross-failure', '9 > 5')).rejects.toThrow('1 of 2 rollouts failed')
    expect(await world.percents()).toEqual([10, 50, 0])
  })

  it.each<[string, object]>([
    ['step', { step: 3 }],
    ['judgedUntilMs', { judgedUntilMs: null }],
    ['approved', { approved: 1 }],
    ['percentByVersion', { percentByVersion: { 2: '10' } }],
    ['counted', { counted: [null] }],
    ['evidence', { evidence: { error: [0], slow: [0] } }],
  ])('says that "%s" is wrong', async (field, change) => {
    const world = await withOdd({})
    const item = await world.operator().get('a')
    const next = { ...item, key: 'a', version: 2, state: { ...item?.state, ...change } }
    await world.store.put('rollouts', next, { ifVersion: 1 })
    const error = await world
      .operator()
      .pause('a', ADA)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'bad_rollout' })
    expect(String(error)).toContain(`"${field}"`)
  })
})
