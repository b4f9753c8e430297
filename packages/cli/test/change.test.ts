import { memoryStore } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { apply, plan } from '../src/change.ts'
import type { Store } from '../src/store/store.ts'

const author = { who: 'ada', atMs: 1_000_000, comment: 'because' }
const flag = { key: 'f', version: 4, on: true }

async function storeWith(): Promise<Store> {
  const store = memoryStore()
  await store.init({ flags: { f: flag } })
  return store
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

  it('of another owner’s flag is refused, and leaves no record', async () => {
    const store = memoryStore()
    await store.as('launchdarkly').init({ flags: { f: flag } })
    await expect(apply(store, off, author, 'x')).rejects.toMatchObject({
      code: 'not_owner',
    })
    expect(await store.list('audit')).toEqual([])
  })

  it('that deletes what is not there is none', () => {
    const after = { key: 'f', version: 7, deleted: true }
    for (const before of [undefined, { key: 'f', version: 3, deleted: true }]) {
      expect(plan({ kind: 'features', action: 'import', before, after }).status).toBe('unchanged')
    }
    expect(plan({ kind: 'features', action: 'import', before: flag, after }).status).toBe('changed')
  })

  it('goes beyond a tombstone', () => {
    const before = { key: 'f', version: 7, deleted: true }
    expect(plan({ kind: 'features', action: 'create', before, after: { key: 'f', version: 0 } }).after.version).toBe(8)
  })
})
