import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import type { FlagData } from '../model.ts'
import type { FlagStore } from '../store.ts'
import { auditKey } from '../versioned-store.ts'
import { changesContract } from './changes-contract.ts'
import { asJson, type ContractCase, contentOf, flag } from './contract-case.ts'
import { type FaultyStore, faultContract } from './fault-contract.ts'
import { recallContract } from './recall-contract.ts'
import { versionContract } from './version-contract.ts'

export type { ContractCase } from './contract-case.ts'
export type { FaultyStore } from './fault-contract.ts'

export interface StoreContractOptions {
  /** Adds what a store promises when its engine fails. For stores that have an engine which can. */
  readonly makeFaulty?: () => Promise<FaultyStore>
}

/**
 * What every store must do, as data: for any test framework, and for stores that are not ours. `makeStore` gives an empty
 * store each time.
 *
 * @example
 * ```ts
 * for (const { name, run } of storeContract(async () => memoryStore())) await run()
 * ```
 */
export function storeContract(
  makeStore: () => Promise<FlagStore>,
  { makeFaulty }: StoreContractOptions = {},
): readonly ContractCase[] {
  const contract = (name: string, run: (store: FlagStore) => Promise<void>): ContractCase => ({
    name,
    run: async () => run(await makeStore()),
  })
  return [
    ...fillings(contract),
    ...ownership(contract),
    ...versionContract(contract),
    ...changesContract(contract),
    ...recallContract(contract),
    ...(makeFaulty ? faultContract(makeFaulty) : []),
  ]
}

type Contract = (name: string, run: (store: FlagStore) => Promise<void>) => ContractCase

function fillings(contract: Contract): readonly ContractCase[] {
  return [
    contract('says that it was never filled', async (store) => {
      strictEqual(await store.readAll(), undefined)
      strictEqual(await store.readMeta?.(), undefined)
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
    contract('holds flags that are called as what every object has', async (store) => {
      const names = ['__proto__', 'constructor', 'toString']
      const flags = Object.fromEntries(names.map((name) => [name, flag(name, 1)]))
      await store.init({ flags })
      deepStrictEqual(Object.entries((await store.readAll())?.flags ?? {}), Object.entries(flags))
      await store.init({ flags: {} })
      deepStrictEqual((await store.readAll())?.flags, {})
    }),
    contract('forgets what a new filling does not have', async (store) => {
      await store.init({ flags: { a: flag('a', 1), b: flag('b', 1) } })
      await store.init({ flags: { b: flag('b', 2) } })
      deepStrictEqual((await store.readAll())?.flags, { b: flag('b', 2) })
    }),
    contract('holds 2,000 flags, each as it was given', async (store) => {
      const flags = Object.fromEntries(
        Array.from({ length: 2000 }, (_, n) => [`f${n}`, flag(`f${n}`, n + 1, { pad: 'x'.repeat(1000) })]),
      )
      await store.init({ flags })
      deepStrictEqual((await store.readAll())?.flags, flags)
      strictEqual((await store.list('features')).length, 2000)
    }),
    contract('holds a flag of 390 kB beside small ones', async (store) => {
      const large = flag('large', 1, { pad: 'y'.repeat(390_000) })
      await store.init({ flags: { large, small: flag('small', 1) } })
      deepStrictEqual((await store.readAll())?.flags['large'], large)
      strictEqual(await store.upsert('features', { ...large, version: 2 }), 'written')
      strictEqual((await store.get('features', 'large'))?.version, 2)
    }),
    contract(
      'names its content anew with each change, where it has a meta, and alike while there is none',
      async (store) => {
        if (store.readMeta === undefined) return
        await store.init({ flags: { a: flag('a', 1) } })
        const first = await store.readMeta()
        deepStrictEqual((await store.readAll())?.meta, first)
        deepStrictEqual(await store.readMeta(), first)
        const digests = new Set([first?.digest])
        for (const change of [
          () => store.upsert('features', flag('a', 2)),
          () => store.put('features', flag('a', 3), { ifVersion: 2 }),
          () => store.upsert('segments', { key: 's', version: 1 }),
          () => store.upsert('features', { key: 'a', version: 4, deleted: true }),
          () => store.init({ flags: { b: flag('b', 1) } }),
        ]) {
          await change()
          const meta = await store.readMeta()
          deepStrictEqual((await store.readAll())?.meta, meta)
          digests.add(meta?.digest)
        }
        strictEqual(digests.size, 6)
      },
    ),
    contract('has a meta that names the content after many have written at once, where it has one', async (store) => {
      if (store.readMeta === undefined) return
      await store.init({ flags: {} })
      await Promise.all(Array.from({ length: 8 }, (_, n) => store.upsert('features', flag(`f${n}`, 1))))
      const snapshot = await store.readAll()
      strictEqual(Object.keys(snapshot?.flags ?? {}).length, 8)
      deepStrictEqual(snapshot?.meta, await store.readMeta())
    }),
  ]
}

function ownership(contract: Contract): readonly ContractCase[] {
  const refused = { code: 'not_owner', keys: ['a'] }
  return [
    contract('lets the first writer of a flag own it, and refuses the other by code', async (store) => {
      const pipeline = store.as('launchdarkly')
      await store.init({ flags: { a: flag('a', 1) } })
      await rejects(pipeline.upsert('features', flag('a', 2)), refused)
      await rejects(pipeline.put('features', flag('a', 2), { ifVersion: 1 }), refused)
      strictEqual((await store.get('features', 'a'))?.version, 1)
      strictEqual(await store.upsert('features', flag('a', 2)), 'written')
      deepStrictEqual(await store.get('owners', 'a'), { key: 'a', version: 1, owner: 'waybill' })
    }),
    contract('keeps the other owner’s flags and segments when it is filled anew, and says which', async (store) => {
      const pipeline = store.as('launchdarkly')
      await pipeline.init({ flags: { a: flag('a', 1), b: flag('b', 1) }, segments: { s: { key: 's', version: 1 } } })
      await store.upsert('features', flag('local', 1))
      await pipeline.put('owners', { key: 'a', version: 2, owner: 'waybill' }, { ifVersion: 1 })
      await pipeline.put('owners', { key: 'segments/s', version: 2, owner: 'waybill' }, { ifVersion: 1 })
      await store.upsert('features', flag('a', 7, { on: false }))
      await rejects(pipeline.init({ flags: { a: flag('a', 9), b: flag('b', 2), c: flag('c', 1) } }), refused)
      const left = await store.readAll()
      deepStrictEqual(left?.flags, {
        a: flag('a', 7, { on: false }),
        b: flag('b', 2),
        c: flag('c', 1),
        local: flag('local', 1),
      })
      deepStrictEqual(Object.keys(left?.segments ?? {}), ['s'])
    }),
    contract('hands a flag over, and back, and lists owners', async (store) => {
      const pipeline = store.as('launchdarkly')
      await pipeline.init({ flags: { a: flag('a', 1), b: flag('b', 1) } })
      strictEqual(await store.put('owners', { key: 'a', version: 2, owner: 'waybill' }, { ifVersion: 1 }), 'written')
      strictEqual(await store.put('owners', { key: 'a', version: 2, owner: 'waybill' }, { ifVersion: 1 }), 'stale')
      await rejects(pipeline.upsert('features', flag('a', 2)), refused)
      strictEqual(await store.upsert('features', flag('a', 2)), 'written')
      deepStrictEqual(
        (await store.list('owners')).map(({ key, owner }) => [key, owner]),
        [
          ['a', 'waybill'],
          ['b', 'launchdarkly'],
        ],
      )
      await store.put('owners', { key: 'a', version: 3, owner: 'launchdarkly' }, { ifVersion: 2 })
      strictEqual(await pipeline.upsert('features', flag('a', 3)), 'written')
    }),
    contract('knows no owner of what is not there', async (store) => {
      strictEqual(await store.get('owners', 'none'), undefined)
      await rejects(store.put('owners', { key: 'none', version: 1, owner: 'waybill' }, { ifVersion: 'absent' }), {
        code: 'bad_flag_data',
      })
    }),
    contract('keeps audit items of one flag together, oldest first', async (store) => {
      const entry = (subject: string, atMs: number, before?: FlagData) => ({
        key: auditKey(subject, atMs, 'u1'),
        version: 1,
        kind: 'features' as const,
        subject,
        action: 'set',
        who: 'ann',
        atMs,
        comment: 'why',
        ...(before && { before }),
      })
      const entries = [entry('a', 86_400_000, flag('a', 1)), entry('a', 5), entry('ab', 1)]
      for (const one of entries) strictEqual(await store.put('audit', one, { ifVersion: 'absent' }), 'written')
      deepStrictEqual(asJson(await store.list('audit', { keyPrefix: 'a/' })), asJson([entries[1], entries[0]]))
      strictEqual((await store.list('audit')).length, 3)
    }),
  ]
}
