import { describe, expect, it } from 'vitest'
import { ADA, FLAG, giving, PLAN, World } from './world.ts'

const BOB = { who: 'bob', comment: 'looks good' }

describe('start', () => {
  it('has the first step in the flag when it is done', async () => {
    const world = new World()
    await world.begin()
    expect(await world.percents()).toEqual([10])
    expect((await world.operator().get('f'))?.state).toMatchObject({ phase: 'ramping', percentByVersion: { 2: 10 } })
  })

  it('changes nothing in a dry run', async () => {
    const world = new World()
    await world.store.init({ flags: { f: FLAG } })
    const planned = await world.operator().start(PLAN, ADA, { dryRun: true })
    expect(planned.state.approvedUntilPercent).toBe(10)
    expect(await world.store.get('rollouts', 'f')).toBeUndefined()
    expect(await world.trail()).toEqual([])
  })

  it.each([
    ['that is off', { on: false }, 'is off'],
    ['without these variations', { variationNames: ['x', 'y'] }, 'it has x, y'],
    ['whose off variation is the canary', { offVariation: 1 }, 'off variation'],
    ['that has the canary for as many users already', giving(10), '10 % have canary'],
    ['that has the canary for more users already', { fallthrough: { variation: 1 } }, '100 % have canary'],
    [
      'that a third variation has a share of',
      {
        fallthrough: {
          rollout: {
            variations: [
              { variation: 0, weight: 60_000 },
              { variation: 1, weight: 1 },
            ],
          },
        },
      },
      'alone',
    ],
    ['that is malformed', { fallthrough: { rollout: { variations: 'all' } } as never }, 'malformed'],
  ])('refuses a flag %s', async (_, change, words) => {
    const world = new World()
    await world.store.init({ flags: { f: { ...FLAG, ...change } as typeof FLAG } })
    await expect(world.operator().start(PLAN, ADA)).rejects.toThrow(words)
    expect(await world.store.get('rollouts', 'f')).toBeUndefined()
  })

  it('refuses a flag that is not there, or is LaunchDarkly’s to write', async () => {
    const world = new World()
    await expect(world.operator().start(PLAN, ADA)).rejects.toMatchObject({ code: 'bad_flag' })
    await world.store.as('launchdarkly').init({ flags: { f: FLAG } })
    await expect(world.operator().start(PLAN, ADA)).rejects.toThrow('written by LaunchDarkly')
  })

  it('refuses a second rollout beside one that is under way, and takes one after its end', async () => {
    const world = new World()
    await world.begin()
    await expect(world.operator().start({ ...PLAN, id: 's' }, ADA)).rejects.toMatchObject({ code: 'bad_phase' })
    await world.operator().rollBack('f', BOB)
    await expect(world.operator().rollBack('f', BOB)).rejects.toThrow('It is rolled back: it cannot be rolled back')
    await world.operator().start({ ...PLAN, id: 's' }, ADA)
    expect(await world.actions()).toEqual(['start r', 'roll back', 'start s'])
  })
})

describe('an approval', () => {
  const asking = { ...PLAN, approvals: [0, 1] }

  it('is waited for before the first step: nobody has the canary', async () => {
    const world = new World()
    await world.begin(asking)
    await world.tick(5)
    expect(await world.percents()).toEqual([])
    expect(world.events.map(({ type, step }) => `${type} ${step}`)).toEqual([
      'Rollout Started 0',
      'Rollout Approval Wanted 0',
    ])
    await world.operator().approve('f', BOB)
    expect(await world.percents()).toEqual([10])
  })

  it('lets the next step begin when the judge says so again', async () => {
    const world = new World()
    await world.begin(asking)
    await world.operator().approve('f', BOB)
    await world.tick(6)
    expect((await world.operator().get('f'))?.state.phase).toBe('awaiting-approval')
    expect(world.events.at(-1)).toMatchObject({ type: 'Rollout Approval Wanted', step: 1 })
    await world.operator().approve('f', BOB)
    expect(await world.percents()).toEqual([10])
    await world.tick(1)
    expect(await world.percents()).toEqual([10, 50])
    expect(await world.actions()).toEqual([
      'start r',
      'approve step 1',
      'wait for an approval of step 2',
      'approve step 2',
      'step 2 of 3: 10 % -> 50 %',
    ])
  })

  it('is asked for again by a new attempt', async () => {
    const world = new World()
    await world.begin(asking)
    await world.operator().approve('f', BOB)
    await world.operator().rollBack('f', BOB)
    await world.operator().resume('f', BOB)
    await world.tick(5)
    expect(await world.percents()).toEqual([10, 0])
    expect(world.events.slice(-2).map(({ type }) => type)).toEqual(['Rollout Resumed', 'Rollout Approval Wanted'])
    await world.operator().approve('f', BOB)
    expect(await world.percents()).toEqual([10, 0, 10])
  })

  it('takes the canary from nobody while it is waited for', async () => {
    const world = new World()
    await world.store.init({ flags: { f: { ...FLAG, ...giving(5) } } })
    const starting = world.operator().start(asking, ADA)
    await expect(starting).rejects.toThrow(
      '5 % have canary of "f" already: begin with a first step that wants no approval, or give control to all first',
    )
    await world.store.init({ flags: { f: { ...FLAG, version: 9, ...giving(100) } } })
    await expect(world.operator().start(PLAN, ADA)).rejects.toThrow(
      '100 % have canary of "f" already: give control to all first',
    )
  })

  it('may be given ahead', async () => {
    const world = new World()
    await world.begin(asking)
    await world.operator().approve('f', BOB, 1)
    await world.operator().approve('f', BOB)
    await world.tick(8)
    expect(await world.percents()).toEqual([10, 50, 100])
    expect(await world.actions()).not.toContain('wait for an approval of step 2')
  })

  it.each([[2], [7], [-1]])('is refused for step %i, which wants none', async (step) => {
    const world = new World()
    await world.begin(asking)
    await expect(world.operator().approve('f', BOB, step)).rejects.toMatchObject({ code: 'bad_phase' })
  })
})

describe('a human', () => {
  it('pauses the ramp, which the judge may still roll back', async () => {
    const world = new World()
    await world.begin()
    await world.operator().pause('f', BOB)
    await world.tick(10)
    expect(await world.percents()).toEqual([10])
    await world.errors(9, 2)
    await world.tick(1)
    expect(await world.percents()).toEqual([10, 0])
  })

  it('resumes: the present step begins again', async () => {
    const world = new World()
    await world.begin()
    await world.operator().pause('f', BOB)
    await world.tick(10)
    await world.operator().resume('f', BOB)
    await world.tick(3)
    expect(await world.percents()).toEqual([10])
    await world.tick(1)
    expect(await world.percents()).toEqual([10, 50])
  })

  it('rolls back at once, also what is complete', async () => {
    const world = new World()
    await world.begin()
    await world.tick(20)
    await world.operator().rollBack('f', BOB)
    expect(await world.percents()).toEqual([10, 50, 100, 0])
    expect(await world.store.get('recalls', 'f')).toMatchObject({ upToVersion: 4, who: 'bob', comment: 'looks good' })
    await world.tick(1)
    expect(world.events.at(-1)).toMatchObject({ type: 'Rollout Rolled Back', who: 'bob', reasons: ['looks good'] })
  })

  it('resumes after a rollback: late news of the first attempt says nothing of the second', async () => {
    const world = new World()
    await world.begin()
    await world.errors(9, 2)
    await world.tick(3)
    expect(await world.percents()).toEqual([10, 0])
    await world.operator().resume('f', BOB)
    expect(await world.percents()).toEqual([10, 0, 10])
    world.users = [{ kind: 'error', variation: 'canary', version: 2, users: 60 }]
    await world.tick(10)
    expect(await world.percents()).toEqual([10, 0, 10, 50, 100])
    expect((await world.operator().get('f'))?.state.attempt).toBe(2)
  })

  it.each(['approve', 'pause', 'resume', 'rollBack'] as const)('cannot %s what is not there', async (what) => {
    await expect(new World().operator()[what]('f', BOB)).rejects.toMatchObject({ code: 'no_rollout' })
  })

  it('cannot pause twice, resume what runs, or roll back twice', async () => {
    const world = new World()
    await world.begin()
    const operator = world.operator()
    await expect(operator.resume('f', BOB)).rejects.toMatchObject({ code: 'bad_phase' })
    await operator.pause('f', BOB)
    await expect(operator.pause('f', BOB)).rejects.toMatchObject({ code: 'bad_phase' })
    await operator.rollBack('f', BOB)
    await expect(operator.rollBack('f', BOB)).rejects.toMatchObject({ code: 'bad_phase' })
  })

  it('leaves a recall that reaches further alone', async () => {
    const world = new World()
    await world.begin()
    const order = { key: 'f', version: 1, upToVersion: 99, to: 'off', atMs: 0, expiresAtMs: world.nowMs * 2 }
    await world.store.put('recalls', { ...order, ...ADA }, { ifVersion: 'absent' })
    await world.operator().rollBack('f', BOB)
    expect(await world.store.get('recalls', 'f')).toMatchObject({ upToVersion: 99, to: 'off' })
    expect(await world.percents()).toEqual([10, 0])
  })
})
