import { describe, expect, it } from 'vitest'
import { rolloutController } from '../src/controller.ts'
import { ADA, FLAG, MINUTE, PLAN, World } from './world.ts'

const HEALTHY = ['start r', 'step 2 of 3: 10 % -> 50 %', 'step 3 of 3: 50 % -> 100 %', 'complete']

describe('a healthy rollout', () => {
  it('goes through each step once, leaves an audit entry for each, and tells each', async () => {
    const world = new World()
    await world.begin()
    await world.tick(20)
    expect(await world.actions()).toEqual(HEALTHY)
    expect(await world.percents()).toEqual([10, 50, 100])
    expect(world.events.map(({ type, percent }) => `${type} ${percent}`)).toEqual([
      'Rollout Started 10',
      'Rollout Step Entered 10',
      'Rollout Step Entered 50',
      'Rollout Step Entered 100',
      'Rollout Complete 100',
    ])
  })

  it('finds thirds of all users in the flag as it set them', async () => {
    const world = new World()
    const thirds = [100 / 3, 200 / 3, 100].map((percent) => ({ percent, holdMinutes: 1 }))
    await world.begin({ ...PLAN, steps: thirds })
    await world.tick(20)
    expect(await world.percents()).toEqual([33.333, 66.667, 100])
    expect((await world.actions()).at(-1)).toBe('complete')
  })

  it('says who changed what in the flag’s own audit trail too', async () => {
    const world = new World()
    await world.begin()
    const [record] = (await world.trail()).filter(({ kind }) => kind === 'features')
    expect(record).toMatchObject({ who: 'ada', comment: 'first try', action: 'rollout r: 0 % -> 10 %' })
    expect([record?.before?.version, record?.after?.version]).toEqual([1, 2])
  })

  it('leaves everything else of the flag as it was', async () => {
    const world = new World()
    await world.begin()
    const { fallthrough: _, version: __, ...rest } = (await world.store.get('features', 'f')) ?? FLAG
    const { fallthrough: ___, version: ____, ...before } = FLAG
    expect(rest).toEqual(before)
  })

  it('judges a minute once, however often it ticks', async () => {
    const world = new World()
    await world.begin()
    world.pass(3)
    const controller = world.controller()
    await controller.tick()
    const { version } = (await world.store.get('rollouts', 'f')) ?? {}
    for (let again = 0; again < 5; again += 1) await controller.tick()
    expect((await world.store.get('rollouts', 'f'))?.version).toBe(version)
  })
})

describe('a bad canary', () => {
  it('is rolled back: the flag, what is in flight, the trail, the event', async () => {
    const world = new World()
    await world.begin()
    await world.tick(3)
    await world.errors(9, 2)
    await world.tick(1)
    expect(await world.percents()).toEqual([10, 0])
    expect(await world.store.get('recalls', 'f')).toMatchObject({ upToVersion: 2, to: 'control', value: 'a' })
    expect(world.events.at(-1)).toMatchObject({ type: 'Rollout Rolled Back', percent: 0 })
    const last = (await world.trail()).findLast(({ kind }) => kind === 'rollouts')
    expect(last).toMatchObject({ action: 'roll back', who: 'rollout controller' })
    expect(last?.comment).toMatch(/^roll-back: 9 users of canary and 2 of control met an error: evidence /)
  })

  it('has in its audit entry what broke, and nothing else', async () => {
    const world = new World()
    const guardrails = [
      { kind: 'errored-users', alphaShare: 0.5 },
      { kind: 'slow-users', alphaShare: 0.5 },
      { kind: 'unfinished', maxPercent: 5 },
    ] as const
    await world.begin({ ...PLAN, guardrails })
    await world.errors(12, 2)
    await world.tick(3)
    const last = (await world.trail()).findLast(({ kind }) => kind === 'rollouts')
    expect(last?.comment).toMatch(/^roll-back: 12 users of canary and 2 of control met an error: [^;]*$/)
  })

  it('leaves what is in flight where the plan says so', async () => {
    const world = new World()
    await world.begin({ ...PLAN, inFlight: 'keep' })
    await world.errors(9, 2)
    await world.tick(3)
    expect(await world.percents()).toEqual([10, 0])
    expect(await world.store.get('recalls', 'f')).toBeUndefined()
  })

  it('is rolled back by an alarm that the plan names, once, and by no other', async () => {
    const world = new World()
    await world.begin({ ...PLAN, alarms: ['gross-failure'] })
    const alarm = (alarmName: string, value: string) =>
      world
        .controller()
        .handler({ source: 'aws.cloudwatch', alarmData: { alarmName, state: { value, reason: '9 > 5' } } })
    await alarm('another', 'ALARM')
    await alarm('gross-failure', 'OK')
    expect(await world.percents()).toEqual([10])
    await alarm('gross-failure', 'ALARM')
    await alarm('gross-failure', 'ALARM')
    expect(await world.percents()).toEqual([10, 0])
    expect(await world.actions()).toEqual(['start r', 'roll back'])
    expect(world.events.at(-1)?.reasons).toEqual(['alarm gross-failure went off: 9 > 5'])
  })

  it('is rolled back by an alarm that comes by way of EventBridge', async () => {
    const world = new World()
    await world.begin({ ...PLAN, alarms: ['gross-failure'] })
    const detail = { alarmName: 'gross-failure', state: { value: 'ALARM', reason: '9 > 5' } }
    await world.controller().handler({ 'detail-type': 'CloudWatch Alarm State Change', detail })
    expect(await world.percents()).toEqual([10, 0])
  })

  it('that is off already is left off, and recalled', async () => {
    const world = new World()
    await world.begin()
    await world.errors(9, 2)
    await world.store.put('features', { ...FLAG, version: 3, on: false }, { ifVersion: 2 })
    await world.tick(3)
    expect((await world.store.get('features', 'f'))?.on).toBe(false)
    expect(await world.store.get('recalls', 'f')).toMatchObject({ upToVersion: 3 })
    expect((await world.operator().get('f'))?.state.phase).toBe('rolled-back')
  })
})

describe('a controller that cannot judge', () => {
  it('holds without any sign of life, for as long as that lasts', async () => {
    const world = new World()
    await world.begin()
    world.metrics = 'silent'
    await world.tick(30)
    expect(await world.percents()).toEqual([10])
    world.metrics = 'alive'
    await world.tick(1)
    expect(await world.percents()).toEqual([10, 50])
  })

  it('holds, and says so, without the metrics that a guardrail needs', async () => {
    const world = new World()
    await world.begin({ ...PLAN, guardrails: [{ kind: 'unfinished', maxPercent: 5 }] })
    world.pass(9)
    const { store, nowMs } = world
    const affectedUsers = { totals: async () => [] }
    const [report] = await rolloutController({ store, affectedUsers, nowMs: () => nowMs, log: () => {} }).tick()
    expect(report).toMatchObject({ verdict: 'hold', percent: 10 })
    expect(report?.reasons).toContain('metrics: the controller has no option "minutes", and unfinished needs them')
  })

  it.each(['users', 'metrics'] as const)('holds when %s cannot be read, and says why', async (what) => {
    const world = new World()
    await world.begin({ ...PLAN, guardrails: [{ kind: 'error-rate', maxPercent: 5 }] })
    world[what] = new Error('access denied')
    world.pass(6)
    const [report] = await world.controller().tick()
    expect(report).toMatchObject({ verdict: 'hold', percent: 10 })
    expect(report?.reasons.join()).toContain('access denied')
  })

  it('does not wait for a reading that never answers', async () => {
    const world = new World()
    await world.begin()
    world.pass(6)
    const [report] = await world
      .controller(world.store, { deadlineMs: 20, affectedUsers: { totals: () => new Promise(() => {}) } })
      .tick()
    expect(report).toMatchObject({
      verdict: 'hold',
      reasons: expect.arrayContaining(['affected users: no answer within 20 ms']),
    })
  })

  it('holds when a total is no number, whose evidence would be none any more', async () => {
    const world = new World()
    await world.begin()
    world.users = [{ kind: 'error', variation: 'canary', version: 2, users: Number.NaN }]
    await world.tick(6)
    world.users = []
    await world.errors(9, 2)
    await world.tick(1)
    expect(await world.percents()).toEqual([10, 0])
  })

  it('lets the others be judged while the counts of one do not answer', async () => {
    const world = new World()
    await world.begin()
    await world.store.put('features', { ...FLAG, key: 'g' }, { ifVersion: 'absent' })
    await world.operator().start({ ...PLAN, flag: 'g', id: 'other' }, ADA)
    world.pass(6)
    let tellAsked: (value?: unknown) => void = () => {}
    const isAsked = new Promise((resolve) => {
      tellAsked = resolve
    })
    const totals = async (flag: string) => {
      if (flag === 'f') await isAsked
      tellAsked()
      return []
    }
    const reports = await world.controller(world.store, { affectedUsers: { totals } }).tick()
    expect(reports.map(({ verdict }) => verdict)).toEqual(['advance', 'advance'])
  })

  it('freezes after the dead-man time, though the clock says otherwise, until a human resumes it', async () => {
    const world = new World()
    await world.begin()
    await world.tick(1)
    world.pass(30)
    await world.tick(3)
    expect(await world.actions()).toEqual(['start r', 'freeze'])
    expect(world.events.at(-1)).toMatchObject({ type: 'Rollout Frozen', percent: 10 })
    await world.operator().resume('f', { who: 'ada', comment: 'the schedule was off' })
    await world.tick(20)
    expect(await world.actions()).toEqual(['start r', 'freeze', 'resume', ...HEALTHY.slice(1)])
  })

  it('rejects when the store fails, and the others go on', async () => {
    const world = new World()
    await world.begin()
    await world.store.init({ flags: { f: FLAG, g: { ...FLAG, key: 'g' } } })
    await world.operator().start({ ...PLAN, flag: 'g', id: 'other' }, ADA)
    world.pass(6)
    const broken = {
      ...world.store,
      get: (async (kind: never, key: string) => {
        if (key === 'f') throw new Error('throttled')
        return world.store.get(kind, key)
      }) as typeof world.store.get,
    }
    await expect(world.controller(broken).tick()).rejects.toThrow('1 of 2 rollouts failed')
    expect((await world.operator().get('g'))?.state.step).toBe(1)
  })

  it('goes on without a bus, and tells it all when it is back', async () => {
    const world = new World()
    await world.begin()
    world.busIsDown = true
    await world.tick(20)
    expect(await world.percents()).toEqual([10, 50, 100])
    const [report] = await world.controller().tick()
    expect(report?.reasons).toContain('events wait: the bus is down')
    world.busIsDown = false
    await world.tick(1)
    expect(world.events.map(({ type }) => type)).toEqual([
      'Rollout Started',
      'Rollout Step Entered',
      'Rollout Step Entered',
      'Rollout Step Entered',
      'Rollout Complete',
    ])
  })
})

describe('the clock', () => {
  it('of a terminal that is an hour ahead blinds no judge', async () => {
    const world = new World()
    world.pass(60)
    await world.begin()
    world.pass(-60)
    await world.tick(5)
    expect(await world.percents()).toEqual([10])
    await world.errors(9, 2)
    await world.tick(1)
    expect(await world.percents()).toEqual([10, 0])
  })

  it('is looked at the lag behind, so that late counts are there', async () => {
    const world = new World()
    await world.begin({ ...PLAN, lagMinutes: 5 })
    const asked: number[] = []
    world.metrics = (untilMs) => {
      asked.push((world.nowMs - untilMs) / MINUTE)
      return []
    }
    await world.tick(8)
    expect(new Set(asked)).toEqual(new Set([5]))
  })
})
