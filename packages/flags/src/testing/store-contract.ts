import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import type { FlagData, FlagSet } from '../model.ts'
import type { FlagSnapshot, FlagStore } from '../store.ts'

/** One promise that a store makes. `run` rejects when it is broken. */
export interface ContractCase {
  readonly name: string
  readonly run: () => Promise<void>
}

const contentOf = (snapshot: FlagSnapshot | undefined): FlagSet | undefined =>
  snapshot && { flags: snapshot.flags, segments: snapshot.segments ?? {} }

const flag = (key: string, version: number, more: object = {}): FlagData => ({ key, version, on: true, ...more })

/**
 * What every store must do, as data: for any test framework, and for stores that are not ours. `makeStore` gives an empty
 * store each time.
 *
 * @example
 * ```ts
 * for (const { name, run } of storeContract(async () => memoryStore())) await run()
 * ```
 */
export function storeContract(makeStore: () => Promise<FlagStore>): readonly ContractCase[] {
  const contract = (name: string, run: (store: FlagStore) => Promise<void>): ContractCase => ({
    name,
    run: async () => run(await makeStore()),
  })
  return [
    contract('says that it was never filled', async (store) => {
      strictEqual(await store.readAll(), undefined)
    }),
    contract('gives back what it was filled with', async (store) => {
      const flags = { a: flag('a', 1, { salt: 'ü', nested: { deep: [1, null, 'x'] } }), b: flag('b', 2) }
      const segments = { s: { key: 's', version: 5, included: ['u1'] } }
      await store.init({ flags, segments })
      deepStrictEqual(contentOf(await store.readAll()), { flags, segments })
      deepStrictEqual(await store.get('features', 'a'), flags.a)
      deepStrictEqual(await store.get('segments', 's'), segments.s)
      strictEqual(await store.get('features', 'none'), undefined)
    }),
    contract('is filled even when there is nothing in it', async (store) => {
      await store.init({ flags: {} })
      deepStrictEqual(contentOf(await store.readAll()), { flags: {}, segments: {} })
    }),
    contract('forgets what a new filling does not have', async (store) => {
      await store.init({ flags: { a: flag('a', 1), b: flag('b', 1) } })
      await store.init({ flags: { b: flag('b', 2) } })
      deepStrictEqual((await store.readAll())?.flags, { b: flag('b', 2) })
    }),
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
      strictEqual((await store.get('features', 'a'))?.deleted, true)
    }),
    contract('lets one of many concurrent writers of a version win', async (store) => {
      await store.init({ flags: { a: flag('a', 1) } })
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, writer) => store.upsert('features', flag('a', 2, { writer }))),
      )
      strictEqual(outcomes.filter((outcome) => outcome === 'written').length, 1)
    }),
    contract('holds more than one page, and a large flag', async (store) => {
      const flags = Object.fromEntries(
        Array.from({ length: 300 }, (_, n) => [`f${n}`, flag(`f${n}`, 1, { pad: 'x'.repeat(5000) })]),
      )
      await store.init({ flags: { ...flags, large: flag('large', 1, { pad: 'y'.repeat(380_000) }) } })
      const read = await store.readAll()
      strictEqual(Object.keys(read?.flags ?? {}).length, 301)
    }),
  ]
}
