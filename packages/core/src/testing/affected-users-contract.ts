import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import type { AffectedUser, AffectedUsers } from '../observers/affected-users.ts'
import type { ContractCase } from './harness.ts'
import type { PinFault } from './pin-store-contract.ts'

export interface AffectedUsersHarness {
  /** An empty store each time, on this clock. */
  readonly makeStore: (nowMs: () => number) => Promise<AffectedUsers>
  /** Adds what a store promises when its engine fails. */
  readonly makeFaulty?: () => Promise<FaultyAffectedUsers>
}

/** A store whose engine can be made to fail, empty at first, on the real clock. */
export interface FaultyAffectedUsers {
  /** It must give up within seconds on an engine that hangs. */
  readonly store: AffectedUsers
  fail(how: PinFault): void
  heal(): void
  close(): Promise<void>
}

const START_SECONDS = 1_800_000_000
const WEEK_SECONDS = 7 * 86_400

const ada: AffectedUser = {
  flag: 'new-order-flow',
  rollout: 'autumn',
  variation: 'canary',
  version: 7,
  kind: 'error',
  subject: 'subjectofada0000',
  expiresAtSeconds: START_SECONDS + WEEK_SECONDS,
}

/**
 * What every store of affected users must do, as cases without a test framework.
 *
 * @example
 * ```ts
 * for (const { name, run } of affectedUsersContract({ makeStore: async (nowMs) => myStore({ nowMs }) })) test(name, run)
 * ```
 */
export function affectedUsersContract({ makeStore, makeFaulty }: AffectedUsersHarness): readonly ContractCase[] {
  const contract = (
    name: string,
    run: (store: AffectedUsers, clock: { seconds: number }) => Promise<void>,
  ): ContractCase => ({
    name,
    run: async () => {
      const clock = { seconds: START_SECONDS }
      await run(await makeStore(() => clock.seconds * 1000), clock)
    },
  })
  return [
    contract('counts nobody before anybody came', async (store) => {
      deepStrictEqual(await store.totals('new-order-flow', 'autumn'), [])
    }),
    contract('counts a user once, whatever the variation and the version', async (store) => {
      strictEqual(await store.add(ada), true)
      strictEqual(await store.add(ada), false)
      strictEqual(await store.add({ ...ada, variation: 'control' }), false)
      strictEqual(await store.add({ ...ada, version: 8 }), false)
      deepStrictEqual(await totalsOf(store), { 'error 7 canary': 1 })
    }),
    contract('counts a user for each flag, rollout and kind', async (store) => {
      for (const kind of ['seen', 'error', 'slow'] as const) strictEqual(await store.add({ ...ada, kind }), true)
      strictEqual(await store.add({ ...ada, flag: 'new-menu' }), true)
      strictEqual(await store.add({ ...ada, rollout: 'winter' }), true)
      deepStrictEqual(await totalsOf(store), { 'error 7 canary': 1, 'seen 7 canary': 1, 'slow 7 canary': 1 })
      deepStrictEqual(await totalsOf(store, 'new-menu'), { 'error 7 canary': 1 })
      deepStrictEqual(await totalsOf(store, 'new-order-flow', 'winter'), { 'error 7 canary': 1 })
    }),
    contract('keeps totals apart by kind, version and variation', async (store) => {
      const users = [
        { variation: 'canary', version: 7 },
        { variation: 'canary', version: 7 },
        { variation: 'control', version: 7 },
        { variation: 'canary', version: 8 },
        { variation: 'canary', version: 8, kind: 'slow' as const },
      ]
      for (const [n, user] of users.entries()) await store.add({ ...ada, ...user, subject: `subject${n}` })
      deepStrictEqual(await totalsOf(store), {
        'error 7 canary': 2,
        'error 7 control': 1,
        'error 8 canary': 1,
        'slow 8 canary': 1,
      })
    }),
    contract('keeps odd names apart, and to the letter', async (store) => {
      const names = ['a', 'A', 'a:a', 'a#b', 'a%23b', 'a/b', 'ä ö', '__proto__', '1#2#3']
      for (const flag of names)
        for (const rollout of names) strictEqual(await store.add({ ...ada, flag, rollout }), true)
      for (const variation of names) await store.add({ ...ada, variation, subject: `of-${names.indexOf(variation)}` })
      for (const flag of names) deepStrictEqual(await totalsOf(store, flag, 'a:a'), { 'error 7 canary': 1 })
      const expected = Object.fromEntries(names.map((variation) => [`error 7 ${variation}`, 1]))
      deepStrictEqual(await totalsOf(store), expected)
    }),
    contract('counts a user anew who has expired, deleted or not', async (store, clock) => {
      await store.add(ada)
      clock.seconds = ada.expiresAtSeconds - 1
      strictEqual(await store.add({ ...ada, expiresAtSeconds: clock.seconds + WEEK_SECONDS }), false)
      clock.seconds = ada.expiresAtSeconds
      strictEqual(await store.add({ ...ada, expiresAtSeconds: clock.seconds + WEEK_SECONDS }), true)
      deepStrictEqual(await totalsOf(store), { 'error 7 canary': 2 })
    }),
    contract(
      'of a thousand who count a hundred users at the same time exactly a hundred are counted',
      async (store) => {
        const users = Array.from({ length: 1000 }, (_, n) => ({
          ...ada,
          subject: `subject${n % 100}`,
          variation: n % 100 < 30 ? 'canary' : 'control',
        }))
        const added = await Promise.all(users.map((user) => store.add(user)))
        strictEqual(added.filter((isNew) => isNew).length, 100)
        deepStrictEqual(await totalsOf(store), { 'error 7 canary': 30, 'error 7 control': 70 })
      },
    ),
    ...(makeFaulty ? faults(makeFaulty) : []),
  ]
}

async function totalsOf(
  store: AffectedUsers,
  flag: string = ada.flag,
  rollout: string = ada.rollout,
): Promise<Record<string, number>> {
  const totals = await store.totals(flag, rollout)
  const entries = totals.map(
    ({ kind, version, variation, users }) => [`${kind} ${version} ${variation}`, users] as const,
  )
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function faults(makeFaulty: () => Promise<FaultyAffectedUsers>): readonly ContractCase[] {
  const contract = (
    name: string,
    run: (faulty: FaultyAffectedUsers, user: (subject: string) => AffectedUser) => Promise<void>,
  ): ContractCase => ({
    name,
    run: async () => {
      const faulty = await makeFaulty()
      const expiresAtSeconds = Math.floor(Date.now() / 1000) + WEEK_SECONDS
      try {
        await run(faulty, (subject) => ({ ...ada, subject, expiresAtSeconds }))
      } finally {
        faulty.heal()
        await faulty.close()
      }
    },
  })
  return [
    ...(['dies', 'hangs', 'throttles'] as const).map((how) =>
      contract(`rejects while its engine ${how}, and counts on where it was`, async ({ store, fail, heal }, user) => {
        await store.add(user('first'))
        fail(how)
        await rejects(store.add(user('second')))
        await rejects(store.totals(ada.flag, ada.rollout))
        heal()
        strictEqual(await store.add(user('first')), false)
        await store.add(user('second'))
        deepStrictEqual(await totalsOf(store), { 'error 7 canary': 2 })
      }),
    ),
    contract('an answer that was lost counts the user once', async (faulty, user) => {
      const { store } = faulty
      faulty.fail('loses answers')
      await store.add(user('first')).catch(() => undefined)
      faulty.heal()
      strictEqual(await store.add(user('first')), false)
      deepStrictEqual(await totalsOf(store), { 'error 7 canary': 1 })
    }),
  ]
}
