import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import type { FlagStore } from '../store.ts'
import { type ContractCase, flag } from './contract-case.ts'

type Contract = (name: string, run: (store: FlagStore) => Promise<void>) => ContractCase

/** What a store promises to those who write at once, late, or twice. */
export function versionContract(contract: Contract): readonly ContractCase[] {
  return [
    contract('takes newer versions and refuses the same and older ones', async (store) => {
      await store.init({ flags: { a: flag('a', 5) } })
      strictEqual(await store.upsert('features', flag('a', 5, { on: false })), 'stale')
      strictEqual(await store.upsert('features', flag('a', 4)), 'stale')
      strictEqual(await store.upsert('features', flag('a', 6, { on: false })), 'written')
      strictEqual(await store.upsert('features', flag('new', 1)), 'written')
      deepStrictEqual((await store.readAll())?.flags, { a: flag('a', 6, { on: false }), new: flag('new', 1) })
    }),
    contract('keeps a tombstone, so that a late older version does not bring a flag back', async (store) => {
      await store.init({ flags: { a: flag('a', 1) } })
      strictEqual(await store.upsert('features', { key: 'a', version: 3, deleted: true }), 'written')
      strictEqual(await store.upsert('features', flag('a', 2)), 'stale')
      deepStrictEqual((await store.readAll())?.flags, {})
      deepStrictEqual(await store.list('features'), [])
      strictEqual((await store.get('features', 'a'))?.deleted, true)
      strictEqual(await store.put('features', flag('a', 4), { ifVersion: 'absent' }), 'stale')
      strictEqual(await store.put('features', flag('a', 4), { ifVersion: 3 }), 'written')
    }),
    contract('lets one of many concurrent writers of a version win', async (store) => {
      await store.init({ flags: { a: flag('a', 1) } })
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, writer) => store.upsert('features', flag('a', 2, { writer }))),
      )
      strictEqual(outcomes.filter((outcome) => outcome === 'written').length, 1)
    }),
    contract('loses no edit of many who edit what they read at once', async (store) => {
      await store.init({ flags: { a: flag('a', 1, { edits: [] }) } })
      const edit = async (writer: number): Promise<void> => {
        for (;;) {
          const read = (await store.get('features', 'a')) as ReturnType<typeof flag> & { readonly edits: number[] }
          const next = { ...read, version: read.version + 1, edits: [...read.edits, writer] }
          if ((await store.put('features', next, { ifVersion: read.version })) === 'written') return
        }
      }
      await Promise.all(Array.from({ length: 6 }, (_, writer) => edit(writer)))
      const { edits, version } = (await store.get('features', 'a')) as never as { edits: number[]; version: number }
      deepStrictEqual([edits.toSorted(), version], [[0, 1, 2, 3, 4, 5], 7])
    }),
    contract('writes on the version that was read, and on no other', async (store) => {
      strictEqual(
        await store.put('rollouts', { key: 'a', version: 1, step: 'ramp' }, { ifVersion: 'absent' }),
        'written',
      )
      strictEqual(
        await store.put('rollouts', { key: 'a', version: 1, step: 'twice' }, { ifVersion: 'absent' }),
        'stale',
      )
      strictEqual(await store.put('rollouts', { key: 'a', version: 4, step: 'late' }, { ifVersion: 3 }), 'stale')
      strictEqual(await store.put('rollouts', { key: 'none', version: 4 }, { ifVersion: 3 }), 'stale')
      strictEqual(await store.put('rollouts', { key: 'a', version: 2, step: 'next' }, { ifVersion: 1 }), 'written')
      deepStrictEqual(await store.list('rollouts'), [{ key: 'a', version: 2, step: 'next' }])
    }),
    contract('tells one of two who write the same for the first time that it came second', async (store) => {
      const claim = { key: 'a', version: 1, by: 'controller' }
      const outcomes = await Promise.all([1, 2].map(() => store.put('rollouts', claim, { ifVersion: 'absent' })))
      deepStrictEqual(outcomes.toSorted(), ['stale', 'written'])
    }),
    contract('keeps kinds apart, and those that are no flags out of what is read for deciding', async (store) => {
      await store.init({ flags: { a: flag('a', 1) } })
      const order = { upToVersion: 3, to: 'off', who: 'ada', comment: 'x', atMs: 1, expiresAtMs: 2 }
      await store.put('recalls', { key: 'a', version: 1, ...order }, { ifVersion: 'absent' })
      await store.put('rollouts', { key: 'a', version: 1 }, { ifVersion: 'absent' })
      await store.put('segments', { key: 'a', version: 1 }, { ifVersion: 'absent' })
      await store.init({ flags: { a: flag('a', 1) } })
      deepStrictEqual((await store.readAll())?.flags, { a: flag('a', 1) })
      deepStrictEqual(await store.get('recalls', 'a'), { key: 'a', version: 1, ...order })
    }),
    contract('refuses by code what raises no version, or has none or no key', async (store) => {
      await store.init({ flags: { a: flag('a', 3) } })
      await rejects(store.put('features', flag('a', 3), { ifVersion: 3 }), { code: 'bad_version', keys: ['a'] })
      await rejects(store.upsert('features', { key: '', version: 1 }), { code: 'bad_flag_data' })
      await rejects(store.upsert('features', { key: 'a' } as never), { code: 'bad_flag_data' })
    }),
  ]
}
