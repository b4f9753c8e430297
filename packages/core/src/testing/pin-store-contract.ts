import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import type { PinStore } from '../lifecycle/pin.ts'
import type { ContractCase } from './harness.ts'

export interface PinStoreHarness {
  /** An empty store each time, on this clock. */
  readonly makeStore: (nowMs: () => number) => Promise<PinStore>
  /** Adds what a store promises when its engine fails. */
  readonly makeFaulty?: () => Promise<FaultyPinStore>
}

/** A pin store whose engine can be made to fail, empty at first, on the real clock. */
export interface FaultyPinStore {
  /** It must give up within seconds on an engine that hangs. */
  readonly store: PinStore
  /** Until `heal`: it resets its connections, never answers, refuses for want of throughput, or does it and does not say so. */
  fail(how: PinFault): void
  heal(): void
  close(): Promise<void>
}

export type PinFault = 'dies' | 'hangs' | 'throttles' | 'loses answers'

const START_SECONDS = 1_800_000_000
/** The largest token there is: docs/wire-format.md. */
const LARGEST_TOKEN = `wb1.${'aZ09._~:%=-'.repeat(800).slice(0, 8192 - 4)}`

/**
 * What every pin store must do, as cases without a test framework.
 *
 * @example
 * ```ts
 * for (const { name, run } of pinStoreContract({ makeStore: async (nowMs) => myPinStore({ nowMs }) })) test(name, run)
 * ```
 */
export function pinStoreContract({ makeStore, makeFaulty }: PinStoreHarness): readonly ContractCase[] {
  const contract = (name: string, run: (store: PinStore, clock: Clock) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const clock: Clock = { seconds: START_SECONDS }
      await run(await makeStore(() => clock.seconds * 1000), clock)
    },
  })
  return [
    contract('keeps the first token of a key, and gives it to all who come later', async (store) => {
      strictEqual(await store.claim('k', 'wb1.first', START_SECONDS + 60), undefined)
      strictEqual(await store.claim('k', 'wb1.second', START_SECONDS + 600), 'wb1.first')
      strictEqual(await store.claim('k', 'wb1.third', START_SECONDS + 60), 'wb1.first')
    }),
    contract('gives the token itself to the one who brought it, as after an answer that was lost', async (store) => {
      await store.claim('k', 'wb1.first', START_SECONDS + 60)
      strictEqual(await store.claim('k', 'wb1.first', START_SECONDS + 60), 'wb1.first')
    }),
    contract('takes what has expired for absent, from that second on, deleted or not', async (store, clock) => {
      await store.claim('k', 'wb1.first', START_SECONDS + 60)
      clock.seconds = START_SECONDS + 59
      strictEqual(await store.claim('k', 'wb1.second', START_SECONDS + 600), 'wb1.first')
      clock.seconds = START_SECONDS + 60
      strictEqual(await store.claim('k', 'wb1.second', START_SECONDS + 600), undefined)
      strictEqual(await store.claim('k', 'wb1.third', START_SECONDS + 600), 'wb1.second')
    }),
    contract('is not prolonged by those who come later', async (store, clock) => {
      await store.claim('k', 'wb1.first', START_SECONDS + 60)
      await store.claim('k', 'wb1.second', START_SECONDS + 6000)
      clock.seconds = START_SECONDS + 61
      strictEqual(await store.claim('k', 'wb1.third', START_SECONDS + 120), undefined)
    }),
    contract('keeps keys apart', async (store) => {
      const keys = ['a', 'A', 'aa', 'a:a', 'f'.repeat(64), `${'f'.repeat(63)}e`]
      for (const key of keys) strictEqual(await store.claim(key, `wb1.of-${key}`, START_SECONDS + 60), undefined)
      for (const key of keys) strictEqual(await store.claim(key, 'wb1.x', START_SECONDS + 60), `wb1.of-${key}`)
    }),
    contract('keeps the largest token to the letter', async (store) => {
      await store.claim('k', LARGEST_TOKEN, START_SECONDS + 60)
      strictEqual(await store.claim('k', 'wb1.x', START_SECONDS + 60), LARGEST_TOKEN)
    }),
    contract('of many who claim a key at once one wins, and all others get that one’s', async (store) => {
      const tokens = Array.from({ length: 20 }, (_, n) => `wb1.of-${n}`)
      const kept = await Promise.all(tokens.map((token) => store.claim('k', token, START_SECONDS + 60)))
      const winners = tokens.filter((_, n) => kept[n] === undefined)
      strictEqual(winners.length, 1)
      deepStrictEqual(new Set(kept), new Set([undefined, winners[0]]))
    }),
    contract('of many who come upon an expired one at once one wins as well', async (store, clock) => {
      await store.claim('k', 'wb1.old', START_SECONDS + 60)
      clock.seconds = START_SECONDS + 100
      const tokens = Array.from({ length: 20 }, (_, n) => `wb1.of-${n}`)
      const kept = await Promise.all(tokens.map((token) => store.claim('k', token, START_SECONDS + 160)))
      const winners = tokens.filter((_, n) => kept[n] === undefined)
      strictEqual(winners.length, 1)
      deepStrictEqual(new Set(kept), new Set([undefined, winners[0]]))
    }),
    ...(makeFaulty ? faults(makeFaulty) : []),
  ]
}

interface Clock {
  seconds: number
}

function faults(makeFaulty: () => Promise<FaultyPinStore>): readonly ContractCase[] {
  const contract = (name: string, run: (faulty: FaultyPinStore, inAMinute: number) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const faulty = await makeFaulty()
      try {
        await run(faulty, Math.floor(Date.now() / 1000) + 60)
      } finally {
        faulty.heal()
        await faulty.close()
      }
    },
  })
  return [
    ...(['dies', 'hangs', 'throttles'] as const).map((how) =>
      contract(
        `rejects while its engine ${how}, and keeps what it kept before`,
        async ({ store, fail, heal }, inAMinute) => {
          await store.claim('k', 'wb1.first', inAMinute)
          fail(how)
          await rejects(store.claim('k', 'wb1.second', inAMinute))
          await rejects(store.claim('other', 'wb1.second', inAMinute))
          heal()
          strictEqual(await store.claim('k', 'wb1.third', inAMinute), 'wb1.first')
        },
      ),
    ),
    contract('an answer that was lost leaves one token, which every later claim gets', async (faulty, inAMinute) => {
      const { store } = faulty
      faulty.fail('loses answers')
      const first = await store.claim('k', 'wb1.first', inAMinute).catch(() => undefined)
      faulty.heal()
      // Repeated by the client it is its own token; rejected it is kept all the same.
      strictEqual(first ?? 'wb1.first', 'wb1.first')
      strictEqual(await store.claim('k', 'wb1.second', inAMinute), 'wb1.first')
    }),
  ]
}
