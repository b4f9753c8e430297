import { memoryStore } from '@waybill/flags'
import { expect, test } from 'vitest'
import { flagData } from '../../src/demo/rollout.ts'
import { rolloutActions } from '../../src/page/rollout-actions.ts'
import { rolloutPanel } from '../../src/page/rollout-panel.ts'
import { rolloutClock } from '../../src/rollout/clock.ts'
import { driveRollouts } from '../../src/rollout/driver.ts'

const WHY = { comment: 'to see' }

async function page() {
  const store = memoryStore()
  await store.init({ flags: { 'new-order-flow': flagData(20, 1) }, segments: {} })
  // Its schedule is an hour away: what happens here is what people do.
  const clock = rolloutClock({ minuteTakesMs: 3_600_000 })
  const names: string[] = []
  const driver = driveRollouts({
    chain: {
      store,
      affectedUsers: { add: async () => true, totals: async () => [] },
      minutes: async () => [],
      countUnder: async (name) => void names.push(name),
    },
    clock,
    onTick: () => undefined,
  })
  await driver.stop()
  const panel = rolloutPanel(clock)
  const planted: string[] = []
  const actions = rolloutActions({
    driver,
    panel,
    who: 'ada',
    bug: () => 'none',
    plantBug: async (name) => void planted.push(name),
  })
  const act = (path: string, body: object = WHY) => actions[`/rollouts/${path}`]?.(body)
  return { store, act, panel, planted, names, shown: () => panel.section().rollout }
}

test('a rollout begins with room for it, and with users of its own to count', async () => {
  const { act, shown, planted, names, store } = await page()
  expect(await act('start')).toBeUndefined()
  expect(shown()).toMatchObject({ id: 'healthy-1', phase: 'ramping', step: 0, percent: 5 })
  expect(planted).toEqual(['none'])
  expect(names).toEqual(['healthy-1'])
  const audit = await store.list('audit', { keyPrefix: 'new-order-flow/' })
  expect(audit.filter(({ kind }) => kind === 'features').map(({ after }) => after?.version)).toEqual([2, 3])
})

test('a faulty one has the bug, and one at a time is enough', async () => {
  const { act, planted, names, shown } = await page()
  expect(await act('start', { ...WHY, faulty: true })).toBeUndefined()
  expect(await act('start', WHY)).toEqual({ error: expect.stringContaining('faulty-1') })
  expect(shown()?.id).toBe('faulty-1')
  expect(planted).toEqual(['error'])
  expect(names).toEqual(['faulty-1'])
})

test('people pause, resume, roll back and begin again, each with a reason that is shown', async () => {
  const { act, shown, panel, names } = await page()
  expect(await act('start', { ...WHY, asks: true })).toBeUndefined()
  expect(shown()?.steps.map(({ asks }) => asks)).toEqual([false, false, false, true, false])
  expect(await act('approve')).toEqual({ error: expect.stringContaining('bad_phase') })
  expect(await act('pause')).toBeUndefined()
  expect(shown()?.phase).toBe('paused')
  expect(await act('resume')).toBeUndefined()
  expect(await act('roll-back', { comment: 'no more' })).toBeUndefined()
  expect(shown()).toMatchObject({ phase: 'rolled-back', percent: 0, attempt: 1 })
  expect(await act('resume')).toBeUndefined()
  expect(shown()).toMatchObject({ phase: 'ramping', percent: 5, attempt: 2 })
  expect(names).toEqual(['healthy-1', 'healthy-1-2'])
  const [, rolledBack] = panel.section().entries
  expect(rolledBack).toMatchObject({ who: 'you', what: 'roll back', why: 'no more' })
})

test.each(['start', 'approve', 'pause', 'resume', 'roll-back'])('%s without a reason is refused', async (path) => {
  const { act, shown } = await page()
  expect(await act(path, {})).toEqual({ error: expect.stringContaining('Say why') })
  expect(shown()).toBeUndefined()
})
