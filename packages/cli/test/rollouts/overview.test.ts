import type { NamedFlag } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { statusList, statusPage } from '../../src/render/rollout.ts'
import { styleFor } from '../../src/render/text.ts'
import { rolloutNotes } from '../../src/rollouts/edited-meanwhile.ts'
import { overviewOf } from '../../src/rollouts/overview.ts'
import { ADA, MINUTE_MS, rolloutWorld, START_MS } from '../support/rollouts.ts'

const PLAIN = styleFor(false)

async function begun(plan: Parameters<typeof rolloutWorld>[0] = {}) {
  const at = await rolloutWorld(plan)
  await at.rollouts.start(at.plan, ADA)
  const overview = async (nowMs = at.world.nowMs) => {
    const rollout = await at.rollouts.get('checkout')
    if (rollout === undefined) throw new Error('it began')
    return overviewOf(rollout, await at.store.get('features', 'checkout'), nowMs)
  }
  const page = async (nowMs = at.world.nowMs): Promise<string> =>
    statusPage({ overview: await overview(nowMs), storeName: 'table flags', nowMs }, PLAIN)
  const edit = async (change: object): Promise<void> => {
    const flag = await at.store.get('features', 'checkout')
    if (flag === undefined) throw new Error('it is there')
    await at.store.put('features', { ...flag, ...change, version: flag.version + 1 }, { ifVersion: flag.version })
  }
  return { ...at, overview, page, edit }
}

describe('the judge', () => {
  it('who never spoke is no matter in the first minutes, and then said first', async () => {
    const { overview, page } = await begun()
    expect((await overview(START_MS + 4 * MINUTE_MS)).warnings).toEqual([])
    const late = START_MS + 5 * MINUTE_MS
    expect((await overview(late)).warnings).toEqual([
      expect.stringContaining('No judge was heard of since attempt 1 began'),
    ])
    expect((await page(late)).split('\n')[2]).toMatch(/^! No judge was heard of/)
  })

  it('who fell silent is said after the plan’s dead-man time', async () => {
    const { overview, world, controller } = await begun({ deadManMinutes: 6 })
    world.nowMs += 3 * MINUTE_MS
    await controller.tick()
    expect((await overview(world.nowMs + 6 * MINUTE_MS)).warnings).toEqual([])
    expect((await overview(world.nowMs + 7 * MINUTE_MS)).warnings).toEqual([
      expect.stringContaining('not heard of for 7 minutes, longer than the plan’s 6'.replace('’', "'")),
    ])
  })

  it('is quoted, with the evidence against its limit and the users of each variation', async () => {
    const { page, world, controller } = await begun({
      guardrails: [
        { kind: 'errored-users', alphaShare: 0.5 },
        { kind: 'unfinished', maxPercent: 5 },
      ],
    })
    world.users = [
      { kind: 'error', variation: 'canary', version: 8, users: 2 },
      { kind: 'error', variation: 'control', version: 8, users: 9 },
      { kind: 'seen', variation: 'canary', version: 8, users: 3 },
    ]
    world.nowMs += 3 * MINUTE_MS
    await controller.tick()
    const said = await page(world.nowMs + 40_000)
    expect(said).toMatch(/^errored-users .* against the limit 100$/m)
    expect(said).toMatch(/^unfinished .*0 of 50 attempts of the last 5 minutes never finished/m)
    expect(said).toContain('2 of canary met an error, 0 were slow, 3 were sampled; 9 of control met an error')
    expect(said).toMatch(/^judge +hold, 40 s ago; 2 users of canary and 9 of control met an error/m)
  })
})

describe('what others did to the flag', () => {
  it.each<[string, object, number, string]>([
    ['turned off', { on: false }, 0, 'The flag is off by somebody else, at version 9: nobody has canary'],
    [
      'given to more',
      { fallthrough: { variation: 1 } },
      100,
      '100 % for canary by somebody else, at version 9, instead of 10 %',
    ],
    ['without its canary', { variationNames: ['control', 'blue'] }, 10, 'another fallthrough by somebody else'],
    ['deleted', { deleted: true }, 0, 'The flag was deleted by somebody else'],
  ])('is shown as it is: %s', async (_, change, percent, warning) => {
    const { overview, edit } = await begun()
    await edit(change)
    expect(await overview()).toMatchObject({ percent, setPercent: 10, warnings: [expect.stringContaining(warning)] })
  })

  it('does not pause what stands still already', async () => {
    const { overview, edit, rollouts } = await begun()
    await edit({ on: false })
    expect((await overview()).warnings).toEqual([expect.stringMatching(/and the rollout pauses\.$/)])
    await rollouts.pause('checkout', ADA)
    expect((await overview()).warnings).toEqual([
      expect.stringMatching(/and the rollout cannot be resumed like that\.$/),
    ])
  })

  it('is nothing to say of targets, nor of what is decided and not done yet', async () => {
    const { overview, edit, rollouts } = await begun()
    await edit({ targets: [{ variation: 1, values: ['bob'] }] })
    expect((await overview()).warnings).toEqual([])
    const rollout = await rollouts.get('checkout')
    if (rollout === undefined) throw new Error('it began')
    const pending = { percent: 0, recall: true, atMs: START_MS, author: ADA, record: {} as never }
    const undone = overviewOf({ ...rollout, pending }, undefined, START_MS)
    expect(undone).toMatchObject({ pending: { percent: 0, recall: true }, warnings: [] })
    const page = statusPage({ overview: undone, storeName: 't', nowMs: START_MS }, PLAIN)
    expect(page).toMatch(/^pending +the flag is to have 0 %, and a recall: the next tick does it$/m)
  })

  it('after a rollback is said when the canary came back', async () => {
    const { overview, edit, rollouts } = await begun()
    await rollouts.rollBack('checkout', ADA)
    expect((await overview()).warnings).toEqual([])
    await edit({ fallthrough: { variation: 1 } })
    expect((await overview()).warnings).toEqual([expect.stringContaining('somebody changed it since')])
  })
})

it('all rollouts are a line each, and words from a store do not speak to the terminal', async () => {
  const { overview } = await begun()
  const one = await overview()
  const evil = { ...one, flag: 'a\u001b[2J', rollout: 'b\nc', warnings: ['d\u202ee'] }
  const [head, first, second, ...more] = statusList([one, evil], START_MS, PLAIN).split('\n')
  expect(more).toEqual([])
  expect(head).toMatch(/^FLAG +ROLLOUT/)
  expect(first).toMatch(/^checkout +first +ramping +10 % +1 of 2 +0 s ago +never$/)
  expect(second).toMatch(/^a\\u001b\[2J +b\\u000ac .*! d\\u202ee$/)
})

describe('an edit of the flag', () => {
  const edited = { key: 'checkout', version: 9, on: false }

  it('is told what becomes of the rollout, and nothing when it is over', async () => {
    const { store, rollouts } = await begun()
    const flag = await store.get('features', 'checkout')
    expect(await rolloutNotes(store, flag as never)).toEqual([expect.stringContaining('it goes on as before')])
    for (const change of [{ on: false }, { fallthrough: { variation: 1 } }, { variationNames: ['a', 'b'] }]) {
      const changed = { ...(flag as NamedFlag), ...change }
      expect(await rolloutNotes(store, changed)).toEqual([expect.stringContaining('pauses at its next tick')])
    }
    await rollouts.pause('checkout', ADA)
    expect(await rolloutNotes(store, flag as never)).toEqual([
      expect.stringContaining('it goes on with "waybill rollout resume checkout"'),
    ])
    expect(await rolloutNotes(store, edited)).toEqual([
      expect.stringContaining('it goes on only when that is put back'),
    ])
    await rollouts.rollBack('checkout', ADA)
    expect(await rolloutNotes(store, edited)).toEqual([])
  })

  it('works, and is told so, when that cannot be read', async () => {
    const get = async (): Promise<never> => {
      throw new Error('throttled')
    }
    expect(await rolloutNotes({ get }, edited)).toEqual([expect.stringContaining('could not be read: throttled')])
  })
})
