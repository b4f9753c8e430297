import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { recallStore } from '../recalls.ts'
import type { FlagStore } from '../store.ts'
import type { ContractCase } from './contract-case.ts'

type Contract = (name: string, run: (store: FlagStore) => Promise<void>) => ContractCase

const ada = { who: 'ada', comment: 'errors in payment' }
const bob = { who: 'bob', comment: 'mended' }
const DAY_MS = 86_400_000

/** What recalls promise, in every store. */
export function recallContract(contract: Contract): readonly ContractCase[] {
  return [
    contract('a recall is in force until it is lifted, and both are recorded', async (store) => {
      const recalls = recallStore(store, { nowMs: () => 1000 })
      const item = { key: 'f', version: 1, upToVersion: 7, to: 'control', value: false, ...ada, atMs: 1000 }
      const after = { ...item, expiresAtMs: 1000 + 14 * DAY_MS }
      const put = await recalls.put({ flag: 'f', upToVersion: 7, to: 'control', value: false }, ada)
      deepStrictEqual(put, { status: 'written', after })
      deepStrictEqual(await recalls.list(), [after])
      deepStrictEqual(await recalls.lift('f', bob), { status: 'written', before: after })
      deepStrictEqual(await recalls.list(), [])
      deepStrictEqual(await recalls.lift('f', bob), { status: 'unchanged' })
      const records = (await store.list('audit', { keyPrefix: 'f/' })).toSorted((a, b) =>
        a.action < b.action ? -1 : 1,
      )
      deepStrictEqual(
        records.map(({ kind, action, who, before, after: now }) => ({ kind, action, who, before, after: now })),
        [
          { kind: 'recalls', action: 'lift recall', who: 'bob', before: after, after: undefined },
          { kind: 'recalls', action: 'recall', who: 'ada', before: undefined, after },
        ],
      )
    }),
    contract(
      'a recall never goes back to a lower version; raised, repeated or corrected it is followed',
      async (store) => {
        const recalls = recallStore(store)
        await recalls.put({ flag: 'f', upToVersion: 7, to: 'control' }, ada)
        await rejects(recalls.put({ flag: 'f', upToVersion: 6, to: 'control' }, ada), { code: 'bad_version' })
        await rejects(recalls.put({ flag: 'f', upToVersion: 6, to: 'control' }, ada, { dryRun: true }), {
          code: 'bad_version',
        })
        strictEqual((await recalls.put({ flag: 'f', upToVersion: 7, to: 'old' }, ada)).status, 'written')
        strictEqual((await recalls.put({ flag: 'f', upToVersion: 9, to: 'old' }, ada)).status, 'written')
        deepStrictEqual(
          (await recalls.list()).map(({ upToVersion, to }) => [upToVersion, to]),
          [[9, 'old']],
        )
        await recalls.lift('f', ada)
        strictEqual((await recalls.put({ flag: 'f', upToVersion: 2, to: 'control' }, ada)).status, 'written')
      },
    ),
    contract('an order that may be given twice changes nothing the second time', async (store) => {
      const recalls = recallStore(store)
      const order = { flag: 'f', upToVersion: 7, to: 'control' }
      strictEqual((await recalls.put(order, ada, { unlessCovered: true })).status, 'written')
      strictEqual((await recalls.put(order, bob, { unlessCovered: true })).status, 'unchanged')
      strictEqual(
        (await recalls.put({ ...order, upToVersion: 6, to: 'old' }, bob, { unlessCovered: true })).status,
        'unchanged',
      )
      strictEqual((await recalls.put({ ...order, to: 'old' }, bob, { unlessCovered: true })).status, 'written')
      deepStrictEqual((await store.list('audit', { keyPrefix: 'f/' })).map(({ who }) => who).toSorted(), ['ada', 'bob'])
    }),
    contract('a recall expires by itself, and then holds up no other; the next order sweeps it away', async (store) => {
      let now = 1000
      const recalls = recallStore(store, { nowMs: () => now })
      await recalls.put({ flag: 'f', upToVersion: 7, to: 'control', lifetimeSeconds: 60 }, ada)
      await recalls.put({ flag: 'g', upToVersion: 7, to: 'control', lifetimeSeconds: 90 }, ada)
      now += 59_999
      strictEqual((await recalls.list()).length, 2)
      now += 1
      deepStrictEqual(
        (await recalls.list()).map(({ key }) => key),
        ['g'],
      )
      strictEqual((await recalls.put({ flag: 'f', upToVersion: 2, to: 'control' }, ada)).status, 'written')
      now += 30_000
      await recalls.put({ flag: 'h', upToVersion: 1, to: 'control' }, ada)
      deepStrictEqual(
        (await store.list('recalls')).map(({ key }) => key),
        ['f', 'h'],
      )
      strictEqual((await recalls.put({ flag: 'g', upToVersion: 1, to: 'control' }, ada)).status, 'written')
    }),
    contract('of two who recall at the same moment one is told, and leaves no record', async (store) => {
      const inStep = meeting(store)
      const changes = await Promise.all(
        ['a', 'b'].map((to) => recallStore(inStep).put({ flag: 'f', upToVersion: 7, to }, ada)),
      )
      deepStrictEqual(changes.map(({ status }) => status).toSorted(), ['stale', 'written'])
      const winner = changes.find(({ status }) => status === 'written')?.after
      deepStrictEqual(await recallStore(store).list(), [winner])
      deepStrictEqual(
        (await store.list('audit')).map(({ after }) => after),
        [winner],
      )
    }),
    contract('a trial changes nothing', async (store) => {
      const recalls = recallStore(store)
      const planned = await recalls.put({ flag: 'f', upToVersion: 7, to: 'control' }, ada, { dryRun: true })
      deepStrictEqual([planned.status, planned.after?.to], ['planned', 'control'])
      deepStrictEqual([await recalls.list(), await store.list('audit')], [[], []])
      await recalls.put({ flag: 'f', upToVersion: 7, to: 'control' }, ada)
      strictEqual((await recalls.lift('f', ada, { dryRun: true })).status, 'planned')
      strictEqual((await recalls.list()).length, 1)
    }),
    contract('refuses orders that nobody could follow', async (store) => {
      const recalls = recallStore(store)
      for (const order of [
        { flag: 'f', upToVersion: 0, to: 'control' },
        { flag: 'f', upToVersion: 1.5, to: 'control' },
        { flag: 'f', upToVersion: 1, to: '' },
        { flag: 'f', upToVersion: 1, to: 'a name' },
        { flag: 'f', upToVersion: 1, to: 'control', lifetimeSeconds: 0 },
        { flag: 'f', upToVersion: 1, to: 'control', lifetimeSeconds: 367 * 86_400 },
      ]) {
        await rejects(recalls.put(order, ada), { code: 'bad_flag_data' })
      }
      await rejects(recalls.put({ flag: '', upToVersion: 1, to: 'control' }, ada), { code: 'bad_flag_data' })
      deepStrictEqual(await store.list('audit'), [])
    }),
  ]
}

/** A store whose readers of recalls wait for each other: both have read before either writes. */
function meeting(store: FlagStore): FlagStore {
  let waiting = 2
  let open: (() => void) | undefined
  const both = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    ...store,
    get: async (kind, key) => {
      const found = await store.get(kind, key)
      waiting -= 1
      if (waiting === 0) open?.()
      await both
      return found
    },
  }
}
