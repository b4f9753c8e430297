import { describe, expect, it } from 'vitest'
import type { RolloutStore } from '../src/stored-rollout.ts'
import { ADA, edited, FLAG, giving, PLAN, World } from './world.ts'

const BOB = { who: 'bob', comment: 'errors in payment' }

describe('a terminal that sleeps between its decision and the flag', () => {
  it('does not undo the rollback that came meanwhile, though it finds the flag as it was', async () => {
    const world = new World()
    await world.store.init({ flags: { f: FLAG } })
    let isDecided = false
    let wake: (value?: unknown) => void = () => {}
    const asleep = new Promise((resolve) => {
      wake = resolve
    })
    const sleepy: RolloutStore = {
      ...world.store,
      get: async (...args) => {
        if (isDecided && args[0] === 'features') await asleep
        return world.store.get(...args)
      },
      put: async (...args) => {
        const outcome = await world.store.put(...args)
        isDecided ||= args[0] === 'rollouts'
        return outcome
      },
    }
    const starting = world.operator(sleepy).start(PLAN, ADA)
    while (!isDecided) await new Promise(setImmediate)
    await world.tick(1)
    await world.errors(9, 2)
    await world.tick(2)
    expect(await world.percents()).toEqual([10, 0])
    const there = await world.store.get('features', 'f')
    wake()
    expect((await starting).state.phase).toBe('rolled-back')
    expect(await world.store.get('features', 'f')).toEqual(there)
  })
})

describe('a rollback', () => {
  it('is still one when a flag that was off is turned on again', async () => {
    const world = new World()
    await world.begin()
    await world.tick(3)
    await edited(world, { on: false })
    await world.operator().rollBack('f', BOB)
    const flag = await world.store.get('features', 'f')
    expect(flag).toMatchObject({ on: false, fallthrough: giving(0).fallthrough })
    expect(await world.store.get('recalls', 'f')).toMatchObject({ upToVersion: flag?.version })
  })

  it('recalls what is in flight of a flag that somebody deleted', async () => {
    const world = new World()
    await world.begin()
    await world.store.put('features', { key: 'f', version: 3, deleted: true }, { ifVersion: 2 })
    await world.operator().rollBack('f', BOB)
    expect(await world.store.get('recalls', 'f')).toMatchObject({ upToVersion: 3, to: 'control' })
    expect(await world.store.get('features', 'f')).toEqual({ key: 'f', version: 3, deleted: true })
  })

  it('says in the trail what it took away, whoever had put it there', async () => {
    const world = new World()
    await world.begin()
    await edited(world, giving(70))
    await world.operator().rollBack('f', BOB)
    const record = (await world.trail()).findLast(({ kind }) => kind === 'features')
    expect(record).toMatchObject({ action: 'rollout r: 70 % -> 0 %', before: { version: 3, ...giving(70) } })
  })
})

describe('a flag that the store will not have changed', () => {
  const ownedByOthers = async (world: World): Promise<void> => {
    const { version = 0 } = (await world.store.get('owners', 'f')) ?? {}
    const owner = { key: 'f', version: version + 1, owner: 'launchdarkly' } as const
    await world.store.put('owners', owner, { ifVersion: version })
  }

  it('pauses the rollout, and loses no entry', async () => {
    const world = new World()
    await world.begin()
    await ownedByOthers(world)
    await world.tick(3)
    await expect(world.tick(1)).rejects.toThrow('1 of 1 rollouts failed')
    await world.tick(5)
    expect(await world.percents()).toEqual([10])
    expect(await world.actions()).toEqual(['start r', 'step 2 of 3: 10 % -> 50 %', 'pause'])
    expect(world.events.at(-1)?.reasons.join()).toContain('10 % for canary instead of 50 %')
  })

  it('begins with its first step when it is resumed, where not even that could be set', async () => {
    const world = new World()
    await world.store.init({ flags: { f: FLAG } })
    const late: RolloutStore = {
      ...world.store,
      put: async (...args) => {
        if (args[0] === 'rollouts') await ownedByOthers(world)
        return world.store.put(...args)
      },
    }
    await expect(world.operator(late).start(PLAN, ADA)).rejects.toMatchObject({ code: 'not_owner' })
    await world.tick(4)
    expect(await world.actions()).toEqual(['start r', 'pause'])
    const { version = 0 } = (await world.store.get('owners', 'f')) ?? {}
    await world.store.put('owners', { key: 'f', version: version + 1, owner: 'waybill' }, { ifVersion: version })
    const resumed = await world.operator().resume('f', ADA)
    expect(resumed.state).toMatchObject({ phase: 'ramping', step: 0 })
    expect(await world.percents()).toEqual([10])
  })

  it('is recalled when it is rolled back, and complained of until it is done', async () => {
    const world = new World()
    await world.begin()
    await ownedByOthers(world)
    await expect(world.operator().rollBack('f', BOB)).rejects.toMatchObject({ code: 'not_owner' })
    expect(await world.store.get('recalls', 'f')).toMatchObject({ upToVersion: 2 })
    await expect(world.tick(1)).rejects.toThrow('1 of 1 rollouts failed')
    const flag = (await world.store.get('features', 'f')) ?? FLAG
    const written = { ...flag, ...giving(0), version: 3 }
    await world.store.as('launchdarkly').put('features', written, { ifVersion: 2 })
    await world.tick(1)
    expect(await world.actions()).toEqual(['start r', 'roll back'])
  })
})

describe('a flag that somebody’s tool edits every minute', () => {
  it('does not grow the rollout without end, and is judged by its latest versions', async () => {
    const world = new World()
    await world.begin({ ...PLAN, steps: [10, 100].map((percent) => ({ percent, holdMinutes: 1_000 })) })
    for (let minute = 0; minute < 300; minute += 1) {
      await edited(world, { targets: [{ values: [String(minute)], variation: 1 }] })
      if (minute % 10 === 0) await world.errors(0, 1)
      await world.tick(1)
    }
    const { state } = (await world.operator().get('f')) ?? {}
    expect(Object.keys(state?.percentByVersion ?? {})).toHaveLength(200)
    expect(state?.counted.length).toBeLessThan(50)
    await world.errors(30, 2)
    await world.tick(1)
    expect((await world.actions()).at(-1)).toBe('roll back')
  })
})
