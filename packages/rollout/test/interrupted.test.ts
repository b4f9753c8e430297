import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RolloutStore } from '../src/stored-rollout.ts'
import { ADA, FLAG, Killed, mortal, PLAN, World } from './world.ts'

const MINUTES = 16
/** More requests than any tick or start makes. */
const REQUESTS = 14

/** What a rollout leaves behind, whoever drove it and how often they died. */
async function left(world: World) {
  const { state, pending, outbox } = (await world.operator().get('f')) ?? {}
  const told = new Map(world.events.map(({ id, type, step, percent }) => [id, `${type} ${step} ${percent}`]))
  return {
    percents: await world.percents(),
    actions: await world.actions(),
    flagActions: await world.actions('features'),
    recalled: (await world.store.get('recalls', 'f'))?.upToVersion,
    recalls: (await world.actions('recalls')).length,
    phase: state?.phase,
    percentByVersion: state?.percentByVersion,
    told: [...told.values()],
    leftOver: [pending, outbox],
  }
}

/** A rollout's life; a bad canary shows after two minutes. */
async function live(world: World, isBad: boolean, act: () => Promise<unknown>): Promise<void> {
  for (let minute = 0; minute < MINUTES; minute += 1) {
    if (isBad && minute === 2) await world.errors(9, 2)
    world.pass(1)
    await act()
  }
}

async function undisturbed(isBad: boolean) {
  const world = new World()
  await world.begin()
  await live(world, isBad, () => world.controller().tick())
  return left(world)
}

/** Acts in a process that may be killed. Whether it was. */
async function mayDie(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act()
    return false
  } catch (error) {
    const all: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
    if (!all.every((one) => one instanceof Killed)) throw error
    return true
  }
}

it('a rollout that nobody disturbs is what the others are held against', async () => {
  expect(await undisturbed(false)).toMatchObject({ percents: [10, 50, 100], phase: 'complete', recalled: undefined })
  expect(await undisturbed(true)).toMatchObject({ percents: [10, 0], phase: 'rolled-back', recalled: 2, recalls: 1 })
})

describe.each([
  ['goes well', false],
  ['is bad', true],
])('a rollout that %s comes to the same', (_, isBad) => {
  it.each(['before', 'after'] as const)(
    'when every process is killed just %s a request, at each request of its ticks',
    async (when) => {
      const expected = await undisturbed(isBad)
      let deaths = 0
      for (let at = 0; at < REQUESTS; at += 1) {
        const world = new World()
        await world.begin()
        await live(world, isBad, async () => {
          const dying = mortal(world.store, at, when)
          if (await mayDie(() => world.controller(dying).tick())) deaths += 1
          // The next tick of the schedule.
          await world.controller().tick()
        })
        expect(await left(world), `killed at request ${at}`).toEqual(expected)
      }
      expect(deaths).toBeGreaterThan(isBad ? 15 : 40)
    },
  )

  it('when the controller dies just after each change was told', async () => {
    const world = new World()
    await world.begin()
    let deaths = 0
    await live(world, isBad, async () => {
      const gone = mortal(world.store, Number.POSITIVE_INFINITY, 'before')
      const publish = async (events: typeof world.events): Promise<void> => {
        world.events.push(...events)
        deaths += 1
        gone.kill()
      }
      await mayDie(() => world.controller(gone, { publish: publish as never }).tick())
      await world.controller().tick()
    })
    expect(await left(world)).toEqual(await undisturbed(isBad))
    expect(deaths).toBeGreaterThan(0)
  })

  it.each(['before', 'after'] as const)('when it is killed just %s a request of its start', async (when) => {
    const expected = await undisturbed(isBad)
    let found = 0
    for (let at = 0; at < REQUESTS; at += 1) {
      const world = new World()
      await world.store.init({ flags: { f: FLAG } })
      const killed = await mayDie(() => world.operator(mortal(world.store, at, when)).start(PLAN, ADA))
      if ((await world.operator().get('f')) === undefined) {
        // Then nothing was begun, and nothing is left of it.
        expect([await world.percents(), await world.actions()]).toEqual([[], []])
        continue
      }
      if (killed) found += 1
      await live(world, isBad, () => world.controller().tick())
      expect(await left(world), `killed at request ${at}`).toEqual(expected)
    }
    expect(found).toBeGreaterThan(3)
  })

  it('with three controllers at once, in whatever order their requests arrive', async () => {
    const expected = await undisturbed(isBad)
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(7)), async (delays) => {
        const world = new World()
        await world.begin()
        const slow = jittery(world.store, () => delays.next().value ?? 0)
        await live(world, isBad, () => Promise.all([1, 2, 3].map(() => world.controller(slow).tick())))
        expect(await left(world)).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})

describe('humans beside the controller', () => {
  it('find what a terminal that died had begun, before they do something else', async () => {
    const world = new World()
    await world.store.init({ flags: { f: FLAG } })
    await mayDie(() => world.operator(mortal(world.store, 3, 'after')).start(PLAN, ADA))
    expect(await world.actions()).toEqual([])
    await world.operator().pause('f', { who: 'bob', comment: 'not now' })
    expect(await world.actions()).toEqual(['start r', 'pause'])
    expect(await world.percents()).toEqual([10])
  })

  it('lose no entry and double none, whatever is done at the same moment', async () => {
    const acts = fc.array(fc.constantFrom('pause', 'resume', 'rollBack'), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(acts, fc.infiniteStream(fc.nat(5)), async (planned, delays) => {
        const world = new World()
        await world.begin()
        const slow = jittery(world.store, () => delays.next().value ?? 0)
        const done: string[] = []
        const intervene = async (act: 'pause' | 'resume' | 'rollBack', comment: string): Promise<void> => {
          try {
            await world.operator(slow)[act]('f', { who: 'bob', comment })
            done.push(comment)
          } catch (error) {
            expect(['bad_phase', 'conflict']).toContain((error as { code?: string }).code)
          }
        }
        for (const [index, act] of planned.entries()) {
          world.pass(1)
          const ticks = [1, 2].map(() => world.controller(slow).tick())
          await Promise.all([...ticks, intervene(act, String(index))])
        }
        world.pass(1)
        await world.controller().tick()
        const trail = (await world.trail()).filter(({ kind }) => kind === 'rollouts')
        expect(trail.filter(({ who }) => who === 'bob').map(({ comment }) => comment)).toEqual(done)
        const versions = trail.map(({ after }) => after?.version)
        expect(new Set(versions).size).toBe(versions.length)
        const { state, flagPercent, pending } = (await world.operator().get('f')) ?? {}
        const percents = await world.percents()
        expect([pending, percents.at(-1)]).toEqual([undefined, flagPercent])
        expect(flagPercent).toBe(state?.phase === 'rolled-back' ? 0 : state?.approvedUntilPercent)
        // On the way up none is passed over.
        for (const [at, percent] of percents.entries()) {
          if (percent === 50) expect(percents[at - 1]).toBe(10)
          if (percent === 100) expect(percents[at - 1]).toBe(50)
        }
      }),
      { numRuns: 150 },
    )
  })
})

/** Each request waits its turn: so long, in turns of the event loop. */
function jittery(store: RolloutStore, turns: () => number): RolloutStore {
  const late = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (let turn = turns(); turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve))
    return ask()
  }
  return {
    get: (...args) => late(() => store.get(...args)),
    list: (...args) => late(() => store.list(...args)),
    put: (...args) => late(() => store.put(...args)),
  }
}
