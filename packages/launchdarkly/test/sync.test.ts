import { FlagDataError, memoryStore } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { launchDarklySync } from '../src/sync.ts'
import { syncHandler } from '../src/sync-handler.ts'
import { bool, failing, gated, SDK_KEY, scene, versionsIn } from './service.ts'

const at = scene()

describe.each(['streaming', 'polling'] as const)('a sync by %s', (mode) => {
  it('fills an empty store, says what is new, and leaves no connection and no event behind', async () => {
    const report = await launchDarklySync({ ...at.options, mode })()
    expect(report).toMatchObject({
      code: 'synced',
      changes: [
        { key: 'a', after: 1 },
        { key: 'b', after: 1 },
        { key: 'segments/s', after: 1 },
      ],
      notOwned: [],
      unwritten: [],
    })
    expect(await versionsIn(at.store)).toEqual({ a: 1, b: 1, s: 1 })
    expect((await at.store.readAll())?.flags['a']).toEqual({ ...bool('a'), version: 1 })
    await expect.poll(() => at.service.streams()).toBe(0)
    expect(at.service.requests).toEqual([mode === 'streaming' ? '/all' : '/sdk/latest-all'])
  })

  it('says what changed, what is gone, and nothing when nothing did', async () => {
    const sync = launchDarklySync({ ...at.options, mode })
    await sync()
    expect((await sync()).changes).toEqual([])
    at.service.save('flags', bool('a', false))
    at.service.remove('flags', 'b')
    expect((await sync()).changes).toEqual([
      { key: 'a', before: 1, after: 2 },
      { key: 'b', before: 1 },
    ])
    expect(await versionsIn(at.store)).toEqual({ a: 2, s: 1 })
  })

  it('never overwrites what waybill owns, says so, and writes the rest', async () => {
    await at.store.init({ flags: {} })
    const rollout = { ...bool('a'), version: 40, fallthrough: { rollout: { variations: [] } } }
    await at.store.upsert('features', rollout)
    await at.store.upsert('features', { ...bool('local'), version: 1 })
    const report = await launchDarklySync({ ...at.options, mode })()
    expect(report).toMatchObject({ code: 'synced', notOwned: ['a'], unwritten: [] })
    expect(report.changes.map(({ key }) => key)).toEqual(['b', 'segments/s'])
    expect(await at.store.get('features', 'a')).toEqual(rollout)
    expect(await versionsIn(at.store)).toEqual({ a: 40, b: 1, local: 1, s: 1 })
    expect(JSON.parse(at.lines[0] ?? '')).toMatchObject({ code: 'launchdarkly_synced', changed: 2, notOwned: ['a'] })
  })

  it('has its code for a refused SDK key, which is not said anywhere', async () => {
    const wrong = 'sdk-wrong-key'
    const report = await launchDarklySync({ ...at.options, mode, sdkKey: async () => wrong })()
    expect(report.code).toBe('launchdarkly_refused')
    expect(at.lines).toHaveLength(1)
    expect(JSON.stringify([report, at.lines])).not.toContain(wrong)
    expect(await at.store.readAll()).toBeUndefined()
  })

  it('ends by its deadline when LaunchDarkly does not answer, and closes the SDK', async () => {
    at.service.fail('hangs')
    const report = await launchDarklySync({ ...at.options, mode, deadlineMs: 300 })()
    expect(report).toMatchObject({ code: 'launchdarkly_timeout', changes: [] })
    expect(await at.store.readAll()).toBeUndefined()
    await expect.poll(() => at.service.streams()).toBe(0)
  })

  it('writes nothing of half an answer', async () => {
    at.service.fail('dies')
    const report = await launchDarklySync({ ...at.options, mode, deadlineMs: 1_000 })()
    expect(report.code).toBe('launchdarkly_timeout')
    expect(await at.store.readAll()).toBeUndefined()
  })

  it('leaves the last known flags in the store while LaunchDarkly is down, and follows when it is back', async () => {
    const sync = launchDarklySync({ ...at.options, mode, deadlineMs: 1_500 })
    await sync()
    at.service.fail(503)
    at.service.save('flags', bool('a', false))
    expect(await sync()).toMatchObject({ code: 'launchdarkly_timeout', message: expect.stringContaining('503') })
    expect(await versionsIn(at.store)).toEqual({ a: 1, b: 1, s: 1 })
    at.service.fail('none')
    expect((await sync()).changes).toEqual([{ key: 'a', before: 1, after: 2 }])
  })
})

describe('a sync', () => {
  it('connects again within its deadline when the stream breaks in the middle of the flags', async () => {
    at.service.fail('dies', 2)
    expect((await launchDarklySync(at.options)()).code).toBe('synced')
    expect(at.service.requests).toEqual(['/all', '/all', '/all'])
  })

  it('also writes what changes at LaunchDarkly while the store is being filled', async () => {
    const slow = gated(at.store, 'init')
    const synced = launchDarklySync({ ...at.options, store: slow.store })()
    await slow.reached
    at.service.save('flags', bool('a', false))
    at.service.remove('flags', 'b')
    at.service.save('flags', bool('late'))
    // The stream has to carry it; nobody can be asked whether it did.
    await new Promise((resolve) => setTimeout(resolve, 100))
    slow.open()
    expect((await synced).code).toBe('synced')
    expect(await versionsIn(at.store)).toEqual({ a: 2, late: 1, s: 1 })
  })

  it('runs one more for all who come during a run, and no two at once on one store', async () => {
    const slow = gated(at.store, 'init')
    const options = { ...at.options, store: slow.store, mode: 'polling' } as const
    const [first, second] = [launchDarklySync(options), launchDarklySync(options)]
    const running = first()
    await slow.reached
    at.service.save('flags', bool('a', false))
    const burst = [first(), second(), first(), second()]
    slow.open()
    expect((await running).changes).toContainEqual({ key: 'a', after: 1 })
    const reports = await Promise.all(burst)
    expect(new Set(reports).size).toBe(1)
    expect(reports[0]?.changes).toEqual([{ key: 'a', before: 1, after: 2 }])
    expect(at.service.requests).toHaveLength(2)
    expect(at.lines).toHaveLength(2)
  })

  it('says busy to who would have to wait too long, and lets no run start while an old one still writes', async () => {
    const slow = gated(at.store, 'init')
    const sync = launchDarklySync({ ...at.options, store: slow.store, deadlineMs: 400 })
    expect((await sync()).code).toBe('store_timeout')
    expect((await sync(200)).code).toBe('busy')
    expect(at.service.requests).toHaveLength(1)
    slow.open()
    await expect.poll(async () => (await sync()).code).toBe('synced')
  })

  it.each([
    ['before it begins', 'readAll', 1],
    ['while it is filled', 'init', 1],
    ['when the changes are read', 'readAll', 2],
  ])('has its code when the store fails %s, and the next run repairs it', async (_when, method, nth) => {
    let calls = 0
    const store = failing(at.store, (name) => {
      if (name === method) calls += 1
      const isDue = name === method && calls === nth
      return isDue ? new FlagDataError('store_unavailable', 'down') : undefined
    })
    const sync = launchDarklySync({ ...at.options, store })
    expect((await sync()).code).toBe('store_unavailable')
    expect((await sync()).code).toBe('synced')
    expect(await versionsIn(at.store)).toEqual({ a: 1, b: 1, s: 1 })
  })

  it('fails when a change that came during the filling was not taken', async () => {
    const slow = gated(
      failing(at.store, (name) => (name === 'upsert' ? new FlagDataError('store_unavailable', 'down') : undefined)),
      'init',
    )
    const synced = launchDarklySync({ ...at.options, store: slow.store })()
    await slow.reached
    at.service.save('flags', bool('a', false))
    await new Promise((resolve) => setTimeout(resolve, 100))
    slow.open()
    expect((await synced).code).toBe('store_unavailable')
  })

  it('takes an answer without flags for no order to delete them all', async () => {
    await launchDarklySync(at.options)()
    const sync = launchDarklySync({ ...at.options, mode: 'polling' })
    at.service.fail({ body: '{"welcome":"to our hotel"}' })
    expect((await sync()).code).toBe('launchdarkly_bad_answer')
    expect(await versionsIn(at.store)).toEqual({ a: 1, b: 1, s: 1 })
  })

  it('names what the store cannot hold, and writes the rest', async () => {
    const tooLarge = new FlagDataError('item_too_large', 'a is too large', { keys: ['a'] })
    const store = memoryStore()
    const pipeline = store.as('launchdarkly')
    const choosy = {
      ...store,
      as: () => ({
        ...pipeline,
        init: async ({ flags: { a: _a, ...flags }, segments }: Parameters<typeof pipeline.init>[0]) => {
          await pipeline.init({ flags, ...(segments && { segments }) })
          throw tooLarge
        },
      }),
    }
    const report = await launchDarklySync({ ...at.options, store: choosy })()
    expect(report).toMatchObject({ code: 'synced', unwritten: ['a'], notOwned: [] })
    expect(await versionsIn(store)).toEqual({ b: 1, s: 1 })
    expect(JSON.parse(at.lines[0] ?? '')).toMatchObject({ level: 'WARN', unwritten: ['a'] })
  })

  it('reports no change that another writer made meanwhile', async () => {
    const slow = gated(at.store, 'init')
    const synced = launchDarklySync({ ...at.options, store: slow.store })()
    await slow.reached
    await at.store.upsert('features', { ...bool('local'), version: 1 })
    await at.store.upsert('features', { ...bool('b'), version: 30 })
    slow.open()
    const { changes, notOwned } = await synced
    expect(changes.map(({ key }) => key)).toEqual(['a', 'segments/s'])
    expect(notOwned).toEqual(['b'])
  })

  it('passes on what the SDK complains of, but for the SDK key', async () => {
    at.service.fail(503)
    const report = await launchDarklySync({ ...at.options, sdkKey: '503', deadlineMs: 300 })()
    expect(report).toMatchObject({ code: 'launchdarkly_timeout', message: expect.stringContaining('error ***') })
    expect(JSON.stringify([report.message, at.lines])).not.toContain('503')
  })

  it('tells a refused segment from a flag of the same key', async () => {
    at.service.save('segments', { key: 'a', included: [] })
    await at.store.init({ flags: {}, segments: { a: { key: 'a', version: 9 } } })
    const report = await launchDarklySync(at.options)()
    expect(report).toMatchObject({ notOwned: ['segments/a'], unwritten: [] })
    expect(report.changes.map(({ key }) => key)).toEqual(['a', 'b', 'segments/s'])
  })
})

describe('set-up and the scheduled handler', () => {
  it('refuses to be set up without an SDK key, and takes the environment’s', async () => {
    const { sdkKey: _own, ...options } = at.options
    expect(() => launchDarklySync(options)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    expect(() => launchDarklySync({ ...options, sdkKey: ' \n' })).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    )
    expect(() => launchDarklySync({ ...at.options, deadlineMs: 0 })).toThrow(/deadlineMs/)
    process.env['LAUNCHDARKLY_SDK_KEY'] = `${SDK_KEY}\n`
    try {
      expect((await launchDarklySync(options)()).code).toBe('synced')
    } finally {
      delete process.env['LAUNCHDARKLY_SDK_KEY']
    }
  })

  it.each([
    ['rejects', () => Promise.reject(new Error(`no access to ${SDK_KEY}`))],
    ['is not there', () => undefined],
    ['is blank', () => ' \n'],
    ['is no text for a header', async () => `${SDK_KEY}\r\nx: y`],
    ['never comes', () => new Promise<string>(() => {})],
  ])('has its code when the SDK key %s', async (_how, sdkKey) => {
    const report = await launchDarklySync({ ...at.options, sdkKey, deadlineMs: 200 })()
    expect(report.code).toBe('sdk_key_unavailable')
    expect(JSON.stringify([report, at.lines])).not.toContain(SDK_KEY)
    expect(at.service.requests).toEqual([])
  })

  it('returns the report, and throws it with its code, within the time that the function has left', async () => {
    const handler = syncHandler(at.options)
    expect(await handler({ source: 'aws.events' })).toMatchObject({ code: 'synced' })
    at.service.fail('hangs')
    await expect(handler({}, { getRemainingTimeInMillis: () => 800 })).rejects.toMatchObject({
      name: 'SyncError',
      code: 'launchdarkly_timeout',
      message: expect.stringContaining('300 ms'),
      report: { code: 'launchdarkly_timeout' },
    })
  })
})
