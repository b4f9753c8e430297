import { expect, it } from 'vitest'
import type { RolloutStore } from '../src/stored-rollout.ts'
import { PLAN, World } from './world.ts'

const alarmed = { ...PLAN, alarms: ['gross-failure'] }

it.each(['list', 'put'] as const)('an alarm is not swallowed by a tick that was faster, just at its %s', async (at) => {
  const world = new World()
  await world.begin(alarmed)
  await world.tick(2)
  world.pass(1)
  let ticks = 0
  const tickFirst = async (kind: string): Promise<void> => {
    if (kind === 'rollouts' && ticks === 0) ticks += (await world.controller().tick()).length
  }
  const late: RolloutStore = {
    get: world.store.get,
    list: async (...args) => {
      const found = await world.store.list(...args)
      if (at === 'list') await tickFirst(args[0])
      return found
    },
    put: async (...args) => {
      if (at === 'put') await tickFirst(args[0])
      return world.store.put(...args)
    },
  }
  const [report] = await world.controller(late).alarm('gross-failure', '9 > 5')
  expect([ticks, report?.outcome, report?.verdict]).toEqual([1, 'judged', 'roll-back'])
  expect(await world.percents()).toEqual([10, 0])
})

it('an alarm rolls back whatever its event says besides', async () => {
  const world = new World()
  await world.begin(alarmed)
  const state = { value: 'ALARM', reason: 'x'.repeat(500_000) }
  await world.controller().handler({ alarmData: { alarmName: 'gross-failure', state } })
  expect(await world.percents()).toEqual([10, 0])
  expect(JSON.stringify(await world.store.get('rollouts', 'f')).length).toBeLessThan(20_000)
})

it.each([
  undefined,
  null,
  'ALARM',
  [],
  { alarmData: null },
  { detail: { alarmName: ['gross-failure'], state: { value: 'ALARM' } } },
  { detail: { alarmName: 'gross-failure', state: 'ALARM' } },
  { Records: [{ body: 'gross-failure' }] },
])('an event %j is no more than a tick', async (event) => {
  const world = new World()
  await world.begin(alarmed)
  world.pass(3)
  const reports = await world.controller().handler(event)
  expect(reports.map(({ verdict }) => verdict)).toEqual(['hold'])
})
