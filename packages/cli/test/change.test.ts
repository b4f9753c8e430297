import { memoryStore } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { apply, plan } from '../src/change.ts'
import type { Store } from '../src/store/store.ts'

const author = { who: 'ada', atMs: 1_000_000, comment: 'because' }
const flag = { key: 'f', version: 4, on: true }

async function storeWith(): Promise<Store> {
  const store = memoryStore()
  await store.init({ flags: { f: flag } })
  return { ...store, markFilled: async () => {} }
}
const off = { kind: 'features', action: 'kill', before: flag, after: { ...flag, on: false } } as const

describe('a change', () => {
  it('is written one version on, and recorded with who, when, why, before and after', async () => {
    const store = await storeWith()
    await apply(store, off, author, 'x')
    const after = { key: 'f', version: 5, on: false }
    expect(await store.get('features', 'f')).toEqual(after)
    expect(await store.list('audit')).toEqual([
      expect.objectContaining({ ...author, subject: 'f', action: 'kill', before: flag, after }),
    ])
  })

  it('of nothing writes nothing', async () => {
    const store = await storeWith()
    expect(await apply(store, { ...off, after: { ...flag, version: 9 } }, author, 'x')).toMatchObject({
      status: 'unchanged',
    })
    expect(await store.list('audit')).toEqual([])
  })

  it('that comes too late is refused, names who was faster, and leaves no record', async () => {
    const store = await storeWith()
    await apply(store, { ...off, after: { ...flag, salt: 's' } }, { ...author, who: 'bob', comment: 'mine' }, 'x')
    await expect(apply(store, off, author, 'y')).rejects.toThrow(
      /had version 4 and is now at version 5, by bob: "mine"/,
    )
    expect(await store.get('features', 'f')).toMatchObject({ on: true, salt: 's' })
    expect(await store.list('audit')).toHaveLength(1)
  })

  it('is not made without its record', async () => {
    const store = await storeWith()
    const deaf: Store = {
      ...store,
      put: (kind, item, how) => (kind === 'audit' ? Promise.reject(new Error('down')) : store.put(kind, item, how)),
    }
    await expect(apply(deaf, off, author, 'x')).rejects.toThrow('down')
    expect(await store.get('features', 'f')).toEqual(flag)
  })

  it('whose outcome is not known keeps its record', async () => {
    const store = await storeWith()
    const lost: Store = {
      ...store,
      put: async (kind, item, how) => {
        const outcome = await store.put(kind, item, how)
        if (kind === 'features') throw new Error('connection lost')
        return outcome
      },
    }
    await expect(apply(lost, off, author, 'x')).rejects.toThrow('connection lost')
    expect(await store.list('audit')).toHaveLength(1)
  })

  it('of another owner’s flag is refused, and leaves no record', async () => {
    const store = memoryStore()
    await store.as('launchdarkly').init({ flags: { f: flag } })
    await expect(apply({ ...store, markFilled: async () => {} }, off, author, 'x')).rejects.toMatchObject({
      code: 'not_owner',
    })
    expect(await store.list('audit')).toEqual([])
  })

  it('goes beyond a tombstone', () => {
    const before = { key: 'f', version: 7, deleted: true }
    expect(plan({ kind: 'features', action: 'create', before, after: { key: 'f', version: 0 } }).after.version).toBe(8)
  })
})
