import { describe, expect, it } from 'vitest'
import { ADA, edited, FLAG, giving, PLAN, World } from './world.ts'

describe('somebody else’s hand on the flag', () => {
  it.each([
    ['turns it off', { on: false }, 'turned off by somebody else'],
    ['changes its percentage', { fallthrough: { variation: 1 } }, '100 % for canary by somebody else'],
    ['takes a variation away', { variations: ['a'], variationNames: ['control'] }, 'lost canary or control'],
  ])('pauses the rollout when it %s', async (_, change, words) => {
    const world = new World()
    await world.begin()
    const flag = (await world.store.get('features', 'f')) ?? FLAG
    await world.store.put('features', { ...flag, ...change, version: 3 }, { ifVersion: 2 })
    await world.tick(10)
    expect(await world.actions()).toEqual(['start r', 'pause'])
    expect(world.events.at(-1)?.reasons.join()).toContain(words)
    // Its hand is not fought over.
    expect((await world.store.get('features', 'f'))?.version).toBe(3)
    await expect(world.operator().resume('f', ADA)).rejects.toMatchObject({ code: 'bad_flag' })
  })

  it('is not taken for a success when the bake is over at that moment', async () => {
    const world = new World()
    await world.begin()
    while ((await world.operator().get('f'))?.state.phase !== 'baking') await world.tick(1)
    await world.tick(3)
    await edited(world, { on: false })
    await world.tick(1)
    expect((await world.actions()).at(-1)).toBe('pause')
  })

  it('is not fought while the first approval is waited for', async () => {
    const world = new World()
    await world.begin({ ...PLAN, approvals: [0] })
    await edited(world, giving(30))
    await world.tick(5)
    expect(await world.store.get('features', 'f')).toMatchObject({ version: 2, ...giving(30) })
    expect(await world.actions()).toEqual(['start r', 'pause'])
  })

  it('skips no step when it had turned the flag off just as the step began', async () => {
    const world = new World()
    await world.begin()
    await world.tick(3)
    const put: typeof world.store.put = async (...args) => {
      const outcome = await world.store.put(...args)
      if (args[0] === 'rollouts' && 'pending' in args[1]) await edited(world, { on: false })
      return outcome
    }
    await world.tick(1, world.controller({ ...world.store, put }))
    await edited(world, { on: true })
    await world.tick(10)
    expect(await world.percents()).toEqual([10])
    expect((await world.actions()).at(-1)).toBe('pause')
    await world.operator().resume('f', ADA)
    expect(await world.percents()).toEqual([10, 50])
  })

  it('does not mind new targets, and judges what is decided with them at the same share', async () => {
    const world = new World()
    await world.begin()
    const flag = (await world.store.get('features', 'f')) ?? FLAG
    const targets = [{ values: ['tester'], variation: 1 }]
    await world.store.put('features', { ...flag, targets, version: 3 }, { ifVersion: 2 })
    await world.tick(3)
    await world.errors(9, 2)
    await world.tick(1)
    expect(await world.actions()).toEqual(['start r', 'roll back'])
    expect((await world.store.get('features', 'f'))?.targets).toEqual(targets)
  })
})
