import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../src/failure.ts'
import { styleFor } from '../../src/render/text.ts'
import { jsonDisplay, lineDisplay, screenDisplay } from '../../src/rollouts/displays.ts'
import { type Display, type Look, watchRollout } from '../../src/rollouts/watching.ts'
import { ADA, MINUTE_MS, rolloutWorld, START_MS } from '../support/rollouts.ts'

const PLAIN = styleFor(false)

/** A watcher who looks every minute, in a world where something may happen at each. */
async function watching(
  makeDisplay: (out: (text: string) => void) => Display,
  happenings: Readonly<Record<number, (at: Awaited<ReturnType<typeof rolloutWorld>>) => unknown>> = {},
  plan: Parameters<typeof rolloutWorld>[0] = {},
) {
  const at = await rolloutWorld(plan)
  const { world, store, rollouts, controller } = at
  await rollouts.start(at.plan, ADA)
  const interrupt = new AbortController()
  const outage: { failure?: Failure } = {}
  const lines: string[] = []
  let trailReads = 0
  const answering = async <T>(read: () => Promise<T>): Promise<T> => {
    if (outage.failure) throw outage.failure
    return read()
  }
  const end = watchRollout(
    'checkout',
    {
      storeName: 'table flags',
      look: () =>
        answering(
          async (): Promise<Look> => ({
            rollout: await rollouts.get('checkout'),
            flag: await store.get('features', 'checkout'),
          }),
        ),
      history: () =>
        answering(async () => {
          trailReads += 1
          return rollouts.history('checkout')
        }),
    },
    makeDisplay((line) => lines.push(line)),
    {
      nowMs: () => world.nowMs,
      sleep: async (ms) => {
        world.nowMs += ms
        const minute = (world.nowMs - START_MS) / MINUTE_MS
        if (minute > 60) throw new Error('it never ended')
        await happenings[minute]?.(Object.assign(at, { interrupt, outage }) as never)
        if (!stopped.includes(minute)) await controller.tick()
      },
    },
    { everyMs: MINUTE_MS, interrupted: interrupt.signal },
  )
  return { end: await end, lines, trailReads, at }
}
const stopped: number[] = []
type Scene = Awaited<ReturnType<typeof rolloutWorld>> & {
  readonly interrupt: AbortController
  readonly outage: { failure?: Failure | undefined }
}
const scene = (act: (scene: Scene) => unknown) => act as never
const inLines = (out: (text: string) => void): Display => lineDisplay({ out }, PLAIN)

describe('a watcher without a screen', () => {
  it('writes a line for each change, and ends when the rollout is complete', async () => {
    const { end, lines, trailReads } = await watching(inLines)
    expect(end).toBe('complete')
    expect(lines[0]).toBe(
      '2026-01-29T08:00:00.000Z  checkout  ramping  10 %  step 1 of 2  start first, by ada: new order flow',
    )
    expect(lines.find((line) => line.includes('10 % -> 100 %'))).toMatch(
      /baking {2}100 % {2}step 2 of 2 {2}step 2 of 2/,
    )
    expect(lines.at(-1)).toMatch(/complete {2}100 %.*complete, by rollout controller: complete: /)
    // Not with every minute's numbers.
    expect(trailReads).toBeLessThan(6)
  })

  it('ends when it is rolled back by the judge, with the reason, once', async () => {
    const { end, lines } = await watching(inLines, {
      5: scene(({ world }) => {
        world.users = [{ kind: 'error', variation: 'canary', version: 8, users: 9 }]
      }),
    })
    expect(end).toBe('rolled-back')
    const last = lines.at(-1) ?? ''
    expect(last).toMatch(/rolled back {2}0 %.*roll back, by rollout controller: roll-back: 9 users of canary/)
    expect(last.match(/9 users of canary/g)).toHaveLength(1)
  })

  it('shows what people do meanwhile, and what waits for them', async () => {
    const { end, lines } = await watching(
      inLines,
      {
        12: scene(({ rollouts }) => rollouts.approve('checkout', { who: 'bob', comment: 'looks good' })),
        14: scene(({ rollouts }) => rollouts.rollBack('checkout', { who: 'cy', comment: 'after all not' })),
      },
      { approvals: [1] },
    )
    expect(end).toBe('rolled-back')
    expect(lines.join('\n')).toMatch(/waits for approval.*step 2 waits for an approval\n/)
    expect(lines.join('\n')).toContain('approve step 2, by bob: looks good')
    expect(lines.at(-1)).toContain('roll back, by cy: after all not')
  })

  it('says that a judge is not heard of', async () => {
    const deaf = Array.from({ length: 30 }, (_, minute) => minute)
    stopped.push(...deaf)
    const { lines } = await watching(inLines, { 30: scene(({ interrupt }) => interrupt.abort()) })
    stopped.length = 0
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('! No judge was heard of since attempt 1 began, 5 minutes ago')
  })

  it('goes on over an outage of the store, and says when it began and that it is over', async () => {
    const { end, lines } = await watching(inLines, {
      2: scene(({ outage }) => {
        outage.failure = new Failure('store_unavailable', 'no answer\u001b[2J')
      }),
      5: scene(({ outage }) => {
        outage.failure = undefined
      }),
    })
    expect(end).toBe('complete')
    const said = lines.filter((line) => line.includes('The store has not answered'))
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(/^2026-01-29T08:02:00.000Z {2}! The store has not answered .*no answer\\u001b\[2J$/)
    expect(lines.join('\n')).toContain('the store answers again')
  })

  it('ends with a failure where the store refuses, or has no such rollout', async () => {
    const refused = watching(inLines, {
      2: scene(({ outage }) => {
        outage.failure = new Failure('refused', 'no rights')
      }),
    })
    await expect(refused).rejects.toMatchObject({ code: 'refused' })
    const gone = watching(inLines, {
      2: scene(({ store }) => store.put('rollouts', { key: 'checkout', version: 9, deleted: true }, { ifVersion: 2 })),
    })
    await expect(gone).rejects.toMatchObject({ code: 'not_found' })
  })

  it('leaves when it is interrupted, also while the store hangs', async () => {
    const left = await watching(inLines, { 1: scene(({ interrupt }) => interrupt.abort()) })
    expect(left.end).toBe('interrupted')
    const interrupt = new AbortController()
    const hanging = watchRollout(
      'checkout',
      { storeName: 't', look: () => new Promise(() => {}), history: async () => [] },
      { show: () => {} },
      { nowMs: () => 0, sleep: async () => {} },
      { everyMs: 1, interrupted: interrupt.signal },
    )
    interrupt.abort()
    expect(await hanging).toBe('interrupted')
  })
})

it('with JSON each change is an object on a line, without the plan', async () => {
  const { lines } = await watching((out) => jsonDisplay({ out }), {
    2: scene(({ outage }) => {
      outage.failure = new Failure('deadline', 'late')
    }),
    4: scene(({ outage }) => {
      outage.failure = undefined
    }),
  })
  const objects = lines.map((line) => JSON.parse(line))
  expect(objects[0]).toMatchObject({ atMs: START_MS, kind: 'rollout', phase: 'ramping', step: 1, percent: 10 })
  expect(objects[0]).toMatchObject({ lastChange: { who: 'ada' }, guardrails: [{ kind: 'errored-users', limit: 50 }] })
  expect(objects.some(({ kind, outage }) => kind === 'outage' && outage.message === 'late')).toBe(true)
  expect(objects.at(-1)).toMatchObject({ phase: 'complete', percent: 100 })
  expect(lines.join('')).not.toContain('"plan"')
})

it('on a screen it is drawn over itself, in the window there is, and leaves the last page behind', async () => {
  const drawn: string[] = []
  const said: string[] = []
  const terminal = { draw: (text: string) => drawn.push(text), out: (text: string) => said.push(text) }
  const screen = screenDisplay({ ...terminal, size: () => ({ rows: 8, columns: 60 }) }, 'table flags', PLAIN)
  await watching(() => screen)
  screen.close()
  expect(drawn[0]?.startsWith('\u001b[?1049h')).toBe(true)
  expect(drawn.filter((text) => text.includes('\u001b[?1049h'))).toHaveLength(1)
  expect(drawn.at(-1)).toBe('\u001b[?25h\u001b[?1049l')
  for (const frame of drawn.slice(0, -1)) {
    const lines = stripVTControlCharacters(frame).split('\r\n')
    expect(lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / 60)), 0)).toBeLessThanOrEqual(8)
  }
  expect(said).toHaveLength(1)
  expect(said[0]).toMatch(/complete.*\n█{40} {2}100 % have canary/)
})
