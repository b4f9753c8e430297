import { declareFlags } from '@waybill/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/memory-store.ts'
import type { FlagData } from '../../src/model.ts'
import { type CachedSourceOptions, cachedSource } from '../../src/sources/cached.ts'
import type { FlagSnapshot, FlagStore } from '../../src/store.ts'

const flags = declareFlags({ f: { variations: { off: false, on: true }, default: 'off' } })
const flag = (version: number, variation: number): FlagData => ({
  key: 'f',
  version,
  on: true,
  variations: [false, true],
  fallthrough: { variation },
})

let now: number
let loads: number
let behave: 'answer' | 'fail' | 'hang'
let store: FlagStore

beforeEach(async () => {
  now = 1_000_000
  loads = 0
  behave = 'answer'
  const memory = memoryStore()
  await memory.init({ flags: { f: flag(1, 1) } })
  const { readMeta: _readMeta, ...bare } = memory
  store = {
    ...bare,
    readAll: async () => {
      loads += 1
      await misbehaving()
      const { flags, segments = {} } = (await memory.readAll()) ?? { flags: {} }
      return { flags, segments }
    },
  }
})

async function misbehaving(): Promise<void> {
  if (behave === 'fail') throw new Error('down')
  if (behave === 'hang') await new Promise(() => {})
}

const options = { ttlSeconds: 10, jitter: 0, deadlineMs: 30, nowMs: () => now }
const ask = async (source: ReturnType<typeof cachedSource>): Promise<string> => {
  const answer = await source.decide({ key: 'u' }, flags.all)
  const [first] = answer.status === 'unavailable' ? [] : answer.decisions
  return `${answer.status} ${first && 'variation' in first ? `${first.variation} v${first.version}` : '-'}`
}

describe('a cached source', () => {
  it('loads once for all that come while it loads, and then answers without a promise', async () => {
    const source = cachedSource(store, options)
    expect(await Promise.all([ask(source), ask(source), ask(source)])).toEqual(Array(3).fill('live on v1'))
    expect(loads).toBe(1)
    expect(source.decide({ key: 'u' }, flags.all)).not.toBeInstanceOf(Promise)
  })

  it('sees a change after its time to live, not before', async () => {
    const source = cachedSource(store, options)
    await ask(source)
    await store.upsert('features', flag(2, 0))
    now += 9_999
    expect(await ask(source)).toBe('live on v1')
    now += 1
    expect(await ask(source)).toBe('live off v2')
    expect(loads).toBe(2)
  })

  it.each(['fail', 'hang'] as const)(
    'without any data and with a store that does %s, says so within its deadline',
    async (fault) => {
      behave = fault
      const source = cachedSource(store, options)
      expect(await ask(source)).toBe('unavailable -')
      // The next request does not wait again; one a second later tries anew.
      expect(source.decide({ key: 'u' }, flags.all)).toEqual({ status: 'unavailable' })
      behave = 'answer'
      now += 1000
      expect(await ask(source)).toBe('live on v1')
    },
  )

  it.each(['fail', 'hang'] as const)(
    'keeps deciding on the last good data when the store does %s, until that is too old',
    async (fault) => {
      const source = cachedSource(store, { ...options, maxStaleSeconds: 60 })
      await ask(source)
      behave = fault
      now += 10_000
      expect(await ask(source)).toBe('stale on v1')
      now += 51_000
      expect(await ask(source)).toBe('unavailable -')
      behave = 'answer'
      now += 10_000
      expect(await ask(source)).toBe('live on v1')
    },
  )

  it('a store that was never filled is unavailable, not empty', async () => {
    expect(await ask(cachedSource(memoryStore(), options))).toBe('unavailable -')
  })

  it('does not take an emptied store for fresh data: the last good data grows older', async () => {
    const source = cachedSource(store, { ...options, maxStaleSeconds: 15 })
    await ask(source)
    store.readAll = async () => undefined
    now += 10_000
    expect(await ask(source)).toBe('stale on v1')
    now += 10_000
    expect(await ask(source)).toBe('unavailable -')
  })

  it('takes what is no snapshot for a failure: the request is answered, and the next try succeeds', async () => {
    const { readAll } = store
    store.readAll = async () => ({}) as FlagSnapshot
    const source = cachedSource(store, options)
    expect(await ask(source)).toBe('unavailable -')
    store.readAll = readAll
    now += 1000
    expect(await ask(source)).toBe('live on v1')
  })

  it('tries a failing store again after 1, 2, 4 s and so on up to its time to live', async () => {
    behave = 'fail'
    const source = cachedSource(store, options)
    await ask(source)
    for (const [index, pauseMs] of [1000, 2000, 4000, 8000, 10_000, 10_000].entries()) {
      now += pauseMs - 1
      expect(source.decide({ key: 'u' }, flags.all)).not.toBeInstanceOf(Promise)
      now += 1
      await ask(source)
      expect(loads).toBe(index + 2)
    }
    behave = 'answer'
    now += 10_000
    expect(await ask(source)).toBe('live on v1')
    behave = 'fail'
    now += 10_000
    await ask(source)
    now += 1000
    await ask(source)
    expect(loads).toBe(10)
  })

  it('loads anew at the first request when its warming was frozen with the environment', async () => {
    behave = 'hang'
    const source = cachedSource(store, { ...options, deadlineMs: 60_000 })
    const warming = source.warm?.()
    behave = 'answer'
    now += 3_600_000
    expect(await ask(source)).toBe('live on v1')
    expect(loads).toBe(2)
    expect(warming).toBeInstanceOf(Promise)
  })

  it('loads anew when the clock was set back', async () => {
    const source = cachedSource(store, options)
    await ask(source)
    now -= 3_600_000
    expect(await ask(source)).toBe('live on v1')
    expect(loads).toBe(2)
  })

  it('can be warmed ahead of the first request, and warming never rejects', async () => {
    const source = cachedSource(store, options)
    await source.warm?.()
    expect(source.decide({ key: 'u' }, flags.all)).not.toBeInstanceOf(Promise)
    behave = 'fail'
    await expect(cachedSource(store, options).warm?.()).resolves.toBeUndefined()
  })

  it('spreads refreshes by its jitter', async () => {
    for (const [random, due] of [
      [() => 0, 10_000],
      [() => 0.999, 8_002],
    ] as const) {
      loads = 0
      const source = cachedSource(store, { ...options, jitter: 0.2, random })
      await ask(source)
      now += due - 1
      await ask(source)
      expect(loads).toBe(1)
      now += 2
      await ask(source)
      expect(loads).toBe(2)
    }
  })
})

describe('a cached source of a store with a meta', () => {
  let metaReads: number
  /** Changes what a read of everything gives. */
  let seen: (snapshot: FlagSnapshot | undefined) => FlagSnapshot | undefined
  let metaStore: FlagStore

  beforeEach(async () => {
    metaReads = 0
    seen = (snapshot) => snapshot
    const memory = memoryStore()
    await memory.init({ flags: { f: flag(1, 1) } })
    metaStore = {
      ...memory,
      readAll: async () => {
        loads += 1
        await misbehaving()
        return seen(await memory.readAll())
      },
      readMeta: async () => {
        metaReads += 1
        await misbehaving()
        return memory.readMeta?.()
      },
    }
  })
  const metaSource = (more: CachedSourceOptions = {}) => cachedSource(metaStore, { ...options, ...more })

  it('reads the meta alone as long as that does not change', async () => {
    const source = metaSource()
    await ask(source)
    now += 10_000
    expect(await ask(source)).toBe('live on v1')
    expect([loads, metaReads]).toEqual([1, 1])
    await metaStore.upsert('features', flag(2, 0))
    now += 10_000
    expect(await ask(source)).toBe('live off v2')
    expect([loads, metaReads]).toEqual([2, 2])
  })

  it('reads everything once in a while all the same', async () => {
    const source = metaSource({ recheckSeconds: 25 })
    await ask(source)
    for (let refresh = 0; refresh < 3; refresh += 1) {
      now += 10_000
      await ask(source)
    }
    expect([loads, metaReads]).toEqual([2, 2])
  })

  it.each(['fail', 'hang'] as const)('is stale when reading the meta does %s, and live again after', async (fault) => {
    const source = metaSource()
    await ask(source)
    behave = fault
    now += 10_000
    expect(await ask(source)).toBe('stale on v1')
    expect(loads).toBe(1)
    behave = 'answer'
    now += 1000
    expect(await ask(source)).toBe('live on v1')
    expect(loads).toBe(1)
  })

  it('keeps what it has while a change is half written, for a time to live at most', async () => {
    const source = metaSource()
    await ask(source)
    await metaStore.upsert('features', flag(2, 0))
    // The flag itself is still withheld.
    seen = () => ({ flags: {}, segments: {}, inFlux: true })
    now += 10_000
    expect(await ask(source)).toBe('stale on v1')
    seen = (snapshot) => snapshot
    now += 1000
    expect(await ask(source)).toBe('live off v2')

    await metaStore.upsert('features', flag(3, 1))
    seen = (snapshot) => snapshot && { flags: snapshot.flags, inFlux: true }
    now += 10_000
    expect(await ask(source)).toBe('stale off v2')
    now += 10_000
    expect(await ask(source)).toBe('live on v3')
  })

  it('takes what is half written when it has nothing else', async () => {
    seen = (snapshot) => snapshot && { flags: snapshot.flags, inFlux: true }
    expect(await ask(metaSource())).toBe('live on v1')
  })
})
