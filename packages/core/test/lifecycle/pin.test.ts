import { describe, expect, it } from 'vitest'
import {
  createWaybill,
  declareFlags,
  type EdgeOptions,
  type FlagSource,
  keyRing,
  openToken,
  type PinStore,
  pinDecisions,
  sealToken,
  stampEvent,
  withEvaluatedFlags,
} from '../../src/index.ts'
import { countsOf, keys, watching } from '../support/fixtures.ts'

const NOW = 1_800_000_000
const flags = declareFlags({
  flow: { variations: { control: false, canary: true }, default: 'control', inFlight: 'recall' },
  fresh: {
    variations: { control: false, canary: true },
    default: 'control',
    maxAgeSeconds: 60,
    whenExpired: 'evaluate',
  },
})

interface Order {
  readonly user: string
  readonly key?: string
}

/** A shop whose flags an operator switches, at a time of its own; it remembers what it was asked to keep. */
function shop(more: Partial<EdgeOptions<Order>> & { readonly store?: PinStore; readonly deadlineMs?: number } = {}) {
  const kept = new Map<string, { token: string; expiresAtSeconds: number }>()
  const world = { canary: true, version: 1, nowSeconds: NOW, kept }
  const inMemory: PinStore = {
    claim: async (key, token, expiresAtSeconds) => {
      const first = kept.get(key)
      if (first === undefined) kept.set(key, { token, expiresAtSeconds })
      return first?.token
    },
  }
  const { store = inMemory, deadlineMs, ...options } = more
  const source: FlagSource = {
    decide: (_context, wanted) => ({
      status: 'live',
      decisions: wanted.map(() => ({
        value: world.canary,
        variation: world.canary ? 'canary' : 'control',
        version: world.version,
        reason: 'FALLTHROUGH',
      })),
    }),
  }
  const { reports, observer } = watching()
  const deadline = deadlineMs === undefined ? {} : { deadlineMs }
  const handler = withEvaluatedFlags(
    (_order: Order) => ({
      flow: flags.detail('flow'),
      fresh: flags.detail('fresh'),
      sent: stampEvent({})._waybill ?? '',
    }),
    {
      flags,
      keys,
      source,
      context: ({ user }) => ({ key: user }),
      nowMs: () => world.nowSeconds * 1000,
      observers: [observer],
      pin: pinDecisions({ key: (order: Order) => order.key, store, ttlSeconds: 3600, ...deadline }),
      ...options,
    },
  )
  return { world, handler, counts: () => countsOf(reports) }
}

const order: Order = { user: 'ada', key: 'order-1' }

describe('a request that is repeated', () => {
  it('gets the decisions of its first attempt, and sends on the very same ones', async () => {
    const { world, handler, counts } = shop()
    const first = await handler(order)
    expect(first.flow).toMatchObject({ variation: 'canary', origin: 'evaluated' })
    world.canary = false
    world.version = 2
    world.nowSeconds += 30
    const again = await handler(order)
    expect(again.flow).toMatchObject({ variation: 'canary', version: 1, origin: 'propagated', decidedAtSeconds: NOW })
    expect(again.sent).toBe(first.sent)
    expect(counts()).toEqual({ pinned: 1 })
  })

  it('is told from another request, another user’s with the same key, and one without a key', async () => {
    const { world, handler, counts } = shop()
    await handler(order)
    world.canary = false
    expect((await handler({ ...order, key: 'order-2' })).flow).toMatchObject({ variation: 'control' })
    expect((await handler({ ...order, user: 'bob' })).flow).toMatchObject({ variation: 'control' })
    expect((await handler({ user: 'ada' })).flow).toMatchObject({ variation: 'control' })
    expect((await handler({ ...order, key: '' })).flow).toMatchObject({ variation: 'control' })
    world.canary = true
    expect((await handler({ ...order, user: 'bob' })).flow).toMatchObject({ variation: 'control' })
    expect(world.kept.size).toBe(3)
    expect(counts()).toEqual({ pinned: 1 })
  })

  it('leaves nothing of its key or its user in clear with the store, and says until when', async () => {
    const { world, handler } = shop()
    await handler({ user: 'ada@example.com', key: 'card-4711' })
    const [[key, { token, expiresAtSeconds }] = ['', { token: '', expiresAtSeconds: 0 }]] = [...world.kept]
    expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(`${key}${token}`).not.toMatch(/ada|4711/)
    expect(expiresAtSeconds).toBe(NOW + 3600)
  })

  it('of nobody is not pinned: it could be anybody’s', async () => {
    const { world, handler, counts } = shop({ context: () => undefined })
    await handler(order)
    expect(world.kept.size).toBe(0)
    expect(counts()).toEqual({ no_subject: 1 })
  })

  it('is reached by recalls, like all that is in flight', async () => {
    let recalled = false
    const recalls = { current: () => (recalled ? [{ flag: 'flow', upToVersion: 1, to: 'control' }] : []) }
    const { handler, counts } = shop({ recalls })
    await handler(order)
    recalled = true
    expect((await handler(order)).flow).toMatchObject({ variation: 'control', origin: 'recalled' })
    expect(counts()).toEqual({ pinned: 1, recalled: 1 })
  })

  it('has made anew what is too old by now, for itself and whoever comes next', async () => {
    const { world, handler, counts } = shop()
    await handler(order)
    world.canary = false
    world.version = 2
    world.nowSeconds += 61
    const again = await handler(order)
    expect(again.flow).toMatchObject({ variation: 'canary', version: 1 })
    expect(again.fresh).toMatchObject({ variation: 'control', version: 2, decidedAtSeconds: NOW + 61 })
    const opened = openToken(again.sent, keys)
    if ('refusal' in opened) throw new Error(opened.refusal)
    expect([...opened.waybill.decisions.values()].map(({ variation }) => variation)).toEqual(['canary', 'control'])
    expect(counts()).toEqual({ pinned: 1, reevaluated: 1 })
  })

  it('keeps all decisions, and sends on no more of them than its first attempt', async () => {
    const { world, handler } = shop({ budgetBytes: 80 })
    const first = await handler(order)
    world.canary = false
    const again = await handler(order)
    expect([again.flow.variation, again.fresh.variation]).toEqual(['canary', 'canary'])
    expect(first.sent).toMatch(/flow(?!.*fresh)/)
    expect(again.sent).toBe(first.sent)
  })
})

describe('a store that goes wrong costs the request nothing but its pin', () => {
  const boom = (): never => {
    throw new Error('boom')
  }
  const never = new Promise<never>(() => {})
  const late = (): Promise<never> => new Promise((_resolve, reject) => setTimeout(() => reject(new Error('late')), 30))
  const foreign = sealToken(
    createWaybill({ decisions: [] }),
    keyRing({ signing: { id: 'k9', secret: Buffer.alloc(32, 9) } }),
  )
  const bobs = createWaybill({
    subject: keys.fingerprint('bob') ?? '',
    decisions: [{ flag: 'flow', variation: 'control', value: false }],
  })
  const cases: [string, PinStore, Record<string, number>][] = [
    ['throws', { claim: boom }, { pin_failed: 1 }],
    ['rejects', { claim: async () => boom() }, { pin_failed: 1 }],
    ['does not answer', { claim: () => never }, { pin_failed: 1 }],
    ['rejects when nobody listens any more', { claim: late }, { pin_failed: 1 }],
    ['holds something else', { claim: async () => 'hello' }, { malformed: 1 }],
    ['holds no text', { claim: async () => 42 as never }, { malformed: 1 }],
    ['holds what a foreign key signed', { claim: async () => foreign.token }, { unknown_key: 1 }],
    ['holds another user’s', { claim: async () => sealToken(bobs, keys).token }, { wrong_subject: 1 }],
    [
      'holds what was meant for others',
      { claim: async () => sealToken(bobs, keys, { audience: 'x' }).token },
      { wrong_audience: 1 },
    ],
  ]
  it.each(cases)('one that %s', async (_what, store, expected) => {
    const { handler, counts } = shop({ store, deadlineMs: 10 })
    expect((await handler(order)).flow).toMatchObject({ variation: 'canary', origin: 'evaluated' })
    expect(counts()).toEqual(expected)
    await new Promise((resolve) => setTimeout(resolve, 40))
  })

  it('as does a key function that throws, and a ring that cannot sign', async () => {
    const throwing = shop({ pin: pinDecisions({ key: boom, store: { claim: boom }, ttlSeconds: 1 }) })
    expect((await throwing.handler(order)).flow).toMatchObject({ variation: 'canary' })
    expect(throwing.counts()).toEqual({ pin_failed: 1 })
    const keyless = shop({ keys: keyRing({}) })
    expect((await keyless.handler(order)).flow).toMatchObject({ variation: 'canary' })
    expect(keyless.counts()).toEqual({ pin_failed: 1, no_keys: 1 })
  })

  it('and keys that have been rotated since are looked for before a kept token is refused', async () => {
    const k2 = { id: 'k2', secret: Buffer.alloc(32, 2) }
    const both = keyRing({
      signing: k2,
      verifying: [{ id: 'k1', secret: Buffer.alloc(32, 1) }],
      subjectSecret: Buffer.alloc(32, 2),
    })
    let held = keys
    const load = async (): Promise<void> => {
      await Promise.resolve()
      held = both
    }
    const source = {
      current: () => held,
      refresh: (ids: readonly string[] = []) => (ids.includes('k2') ? load() : undefined),
    }
    const decisions = [{ flag: 'flow', variation: 'control', value: false, decidedAtSeconds: NOW }]
    const kept = sealToken(createWaybill({ subject: keys.fingerprint('ada') ?? '', decisions }), both).token
    const { handler, counts } = shop({ keys: source, store: { claim: async () => kept } })
    expect((await handler(order)).flow).toMatchObject({ variation: 'control', origin: 'propagated' })
    expect(counts()).toMatchObject({ pinned: 1 })
  })
})

it('a pin is checked at set-up', () => {
  const good = { key: () => 'k', store: { claim: async () => undefined }, ttlSeconds: 60 }
  for (const wrong of [{ key: 'k' }, { store: {} }, { ttlSeconds: 0 }, { ttlSeconds: 1.5 }, { deadlineMs: 0 }]) {
    expect(() => pinDecisions({ ...good, ...wrong } as never)).toThrow(new RegExp(Object.keys(wrong)[0] ?? '-'))
  }
  expect(() => shop({ pin: good as never })).toThrow(/pinDecisions\(\)/)
})
