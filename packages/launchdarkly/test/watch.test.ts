import { FlagDataError } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import type { StoreWrite } from '../src/flag-writing.ts'
import { type WatchOptions, watchLaunchDarkly } from '../src/watch.ts'
import { bool, failing, scene, versionsIn } from './service.ts'

const at = scene()
const watched = (options: Partial<WatchOptions> = {}) => {
  const { deadlineMs: _none, ...own } = at.options
  return watchLaunchDarkly({ ...own, random: () => 0, ...options })
}

describe('a watch', () => {
  it('keeps a store filled by a stream until it is closed', async () => {
    const writes: StoreWrite[] = []
    const watch = watched({ onWrite: (write) => writes.push(write) })
    await watch.filled
    expect(await versionsIn(at.store)).toEqual({ a: 1, b: 1, s: 1 })
    at.service.save('flags', bool('a', false))
    at.service.remove('flags', 'b')
    at.service.save('segments', { key: 's', included: ['u2'] })
    await expect.poll(() => versionsIn(at.store)).toEqual({ a: 2, s: 2 })
    expect(writes.map(({ operation }) => operation)).toEqual(['init', 'upsert', 'upsert', 'upsert'])
    await watch.close()
    await expect.poll(() => at.service.streams()).toBe(0)
    at.service.save('flags', bool('a'))
    expect(at.service.requests).toEqual(['/all'])
    expect(at.lines).toEqual([])
  })

  it('keeps a store filled by polling', async () => {
    const watch = watched({ mode: 'polling', pollSeconds: 30 })
    await watch.filled
    expect(await versionsIn(at.store)).toEqual({ a: 1, b: 1, s: 1 })
    await watch.close()
    expect(at.service.requests).toEqual(['/sdk/latest-all'])
    expect(() => watched({ pollSeconds: 29 })).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })

  it('loses no change that the store did not take', async () => {
    let isDown = false
    const store = failing(at.store, (method) =>
      isDown && (method === 'upsert' || method === 'init') ? new FlagDataError('store_unavailable', 'down') : undefined,
    )
    const watch = watched({ store })
    await watch.filled
    isDown = true
    at.service.save('flags', bool('a', false))
    await expect.poll(() => at.lines.length).toBeGreaterThan(1)
    isDown = false
    await expect.poll(() => versionsIn(at.store), { timeout: 15_000 }).toEqual({ a: 2, b: 1, s: 1 })
    await watch.close()
    expect(JSON.parse(at.lines[0] ?? '')).toMatchObject({ code: 'launchdarkly_watch_broken' })
  })

  it('comes back after an outage, after a refused key, and from one that could not be loaded', async () => {
    at.service.fail(401, 1)
    let loads = 0
    const sdkKey = async () => {
      loads += 1
      if (loads === 1) throw new Error('no access')
      return String(at.options.sdkKey)
    }
    const watch = watched({ sdkKey })
    await watch.filled
    expect(at.lines).toHaveLength(2)
    expect(JSON.stringify(at.lines)).not.toContain(at.options.sdkKey)
    await watch.close()
  })

  it('ends when it is closed before anything came', async () => {
    at.service.fail('hangs')
    const watch = watched()
    await expect.poll(() => at.service.requests).toEqual(['/all'])
    await watch.close()
    await watch.filled
    expect(await at.store.readAll()).toBeUndefined()
  })
})
