import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import type { FlagSet } from '../model.ts'
import type { FlagStore, StoreMeta } from '../store.ts'
import { recordedChange } from './changes-contract.ts'
import { asJson, type ContractCase, contentOf, flag, settled } from './contract-case.ts'

/** A store whose engine can be made to fail, empty at first. */
export interface FaultyStore {
  /** What the faults are done to. It must give up within seconds on an engine that hangs. */
  readonly store: FlagStore
  /** The same data, out of the faults' reach. */
  readonly healthy: FlagStore
  /** The engine takes so many more write requests; then it resets its connections, or never answers again. */
  breakAfter(writes: number, how: 'dies' | 'hangs'): void
  heal(): void
  /** From now on the engine takes a part of each batch only, and refuses other writes as often as it takes them. */
  throttle(): void
  /** So many reads of everything do not show this flag yet, as with a replica that has the meta before its items. */
  withhold(key: string, reads: number): void
  close(): Promise<void>
}

/** What a store promises when its engine fails: nothing is lost without a word, and the next `init` makes all good. */
export function faultContract(makeFaulty: () => Promise<FaultyStore>): readonly ContractCase[] {
  const contract = (name: string, run: (faulty: FaultyStore) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const faulty = await makeFaulty()
      try {
        await run(faulty)
      } finally {
        faulty.heal()
        await faulty.close()
      }
    },
  })
  return [
    contract(
      'writes everything to a throttled engine (injected: unprocessed items, throughput exceeded)',
      async (faulty) => {
        faulty.throttle()
        await faulty.store.init(sixty(1))
        await faulty.store.init(sixty(2))
        strictEqual(await faulty.store.upsert('features', flag('f0', 3)), 'written')
        strictEqual(await faulty.store.put('features', flag('f1', 3), { ifVersion: 2 }), 'written')
        const changes = Array.from({ length: 58 }, (_, n) => recordedChange(`f${n + 2}`, 3))
        const { outcomes, failure } = await faulty.store.putAll(changes)
        deepStrictEqual([new Set(outcomes.map(({ status }) => status)), failure], [new Set(['written']), undefined])
        strictEqual((await faulty.healthy.list('audit')).length, 58)
        const all = [flag('f0', 3), flag('f1', 3), ...changes.map(({ item }) => item)]
        const expected = Object.fromEntries(all.map((one) => [one.key, one]))
        deepStrictEqual((await faulty.healthy.readAll())?.flags, expected)
        await settled(faulty.healthy)
      },
    ),
    ...(['dies', 'hangs'] as const).flatMap((how) => [
      contract(
        `is not taken for filled when the engine ${how} in the middle of its first init; the next repairs it`,
        async (faulty) => {
          faulty.breakAfter(1, how)
          await rejects(faulty.store.init(sixty(1)), { code: 'store_unavailable' })
          strictEqual(await faulty.healthy.readAll(), undefined)
          faulty.heal()
          await faulty.store.init(sixty(1))
          deepStrictEqual(contentOf(await faulty.healthy.readAll()), { ...sixty(1), segments: {} })
          await settled(faulty.healthy)
        },
      ),
      contract(
        `says that it is in flux when the engine ${how} in the middle of a later init; the next repairs it`,
        async (faulty) => {
          await faulty.store.init(sixty(1))
          const before = await faulty.healthy.readMeta?.()
          faulty.breakAfter(10, how)
          await rejects(faulty.store.init({ flags: { ...sixty(2).flags, more: flag('more', 1) } }), {
            code: 'store_unavailable',
          })
          await seen(faulty.healthy, before)
          faulty.heal()
          await faulty.store.init(sixty(3))
          deepStrictEqual(contentOf(await faulty.healthy.readAll()), { ...sixty(3), segments: {} })
          await settled(faulty.healthy)
        },
      ),
      contract(
        `shows to readers what many writes came to when the engine ${how} in their middle; repeating completes them`,
        async (faulty) => {
          await faulty.store.init(sixty(1))
          const before = await faulty.healthy.readMeta?.()
          const changes = Array.from({ length: 60 }, (_, n) => recordedChange(`f${n}`, 2))
          faulty.breakAfter(40, how)
          const { outcomes, failure } = await faulty.store.putAll(changes)
          strictEqual(failure?.code, 'store_unavailable')
          const found = (await faulty.healthy.readAll())?.flags
          const written = changes.filter((_, n) => outcomes[n]?.status === 'written')
          deepStrictEqual(
            written.map(({ item }) => found?.[item.key]?.version),
            written.map(() => 2),
          )
          deepStrictEqual(new Set(outcomes.map(({ status }) => status)), new Set(['written', 'unknown']))
          await seen(faulty.healthy, before)
          const recorded = new Set((await faulty.healthy.list('audit')).map(({ subject }) => subject))
          const changed = Object.values(found ?? {}).filter(({ version }) => version === 2)
          deepStrictEqual(
            changed.filter(({ key }) => !recorded.has(key)),
            [],
          )
          faulty.heal()
          const left = changes.filter(({ item }) => found?.[item.key]?.version === 1)
          strictEqual((await faulty.store.putAll(left)).failure, undefined)
          const versions = Object.values((await faulty.healthy.readAll())?.flags ?? {}).map(({ version }) => version)
          deepStrictEqual(new Set(versions), new Set([2]))
          await settled(faulty.healthy)
        },
      ),
      contract(
        `writes nothing without its record when the engine ${how}, and keeps that of a write it is not sure of`,
        async (faulty) => {
          await faulty.store.init({ flags: { f: flag('f', 1) } })
          const { item, ifVersion, record } = recordedChange('f', 2)
          const put = () => faulty.store.put('features', item, { ifVersion, record })
          faulty.breakAfter(0, how)
          await rejects(put(), { code: 'store_unavailable' })
          deepStrictEqual(await faulty.healthy.get('features', 'f'), flag('f', 1))
          faulty.heal()
          faulty.breakAfter(2, how)
          // An engine without a meta has nothing left to fail at.
          await put().catch((error: unknown) => strictEqual(Object(error).code, 'store_unavailable'))
          deepStrictEqual(await faulty.healthy.list('audit'), asJson([record]))
        },
      ),
      contract(`mends by no changes at all what the engine left that ${how} before the meta`, async (faulty) => {
        await faulty.store.init(sixty(1))
        const before = await faulty.healthy.readMeta?.()
        const changes = Array.from({ length: 60 }, (_, n) => recordedChange(`f${n}`, 2))
        faulty.breakAfter(62, how)
        await faulty.store.putAll(changes)
        await seen(faulty.healthy, before)
        faulty.heal()
        deepStrictEqual(await faulty.store.putAll([]), { outcomes: [] })
        await settled(faulty.healthy)
      }),
      contract(
        `completes a write whose engine ${how} between the flag and the meta when it is repeated`,
        async (faulty) => {
          await faulty.store.init({ flags: { a: flag('a', 1) } })
          if (faulty.healthy.readMeta === undefined) return
          faulty.breakAfter(1, how)
          await rejects(faulty.store.upsert('features', flag('a', 2)), { code: 'store_unavailable' })
          faulty.heal()
          strictEqual(await faulty.store.upsert('features', flag('a', 2)), 'stale')
          strictEqual((await faulty.healthy.readAll())?.flags['a']?.version, 2)
          await settled(faulty.healthy)
        },
      ),
    ]),
    contract('reads again what is withheld after a new meta, and says so when it stays away', async (faulty) => {
      await faulty.store.init(sixty(1))
      if (faulty.store.readMeta === undefined) return
      faulty.withhold('f7', 1)
      const again = await faulty.store.readAll()
      deepStrictEqual([again?.flags['f7'], again?.inFlux], [flag('f7', 1), undefined])
      faulty.withhold('f7', 1000)
      const without = await faulty.store.readAll()
      deepStrictEqual([without?.flags['f7'], without?.inFlux, without?.meta], [undefined, true, undefined])
    }),
  ]
}

function sixty(version: number): FlagSet {
  return { flags: Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`f${n}`, flag(`f${n}`, version)])) }
}

/** Whoever knows the meta from before is not told that nothing has changed since. */
async function seen(store: FlagStore, before: StoreMeta | undefined): Promise<void> {
  if (before === undefined) return
  const meta = await store.readMeta?.()
  if (meta?.digest === before.digest) deepStrictEqual((await store.readAll())?.meta, meta)
  else if (meta === undefined) strictEqual((await store.readAll())?.inFlux, true)
}
