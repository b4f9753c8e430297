import { describe, expect, it } from 'vitest'
import {
  createWaybill,
  currentWaybill,
  type KeyRing,
  type KeySource,
  keyRing,
  openToken,
  sealToken,
  withEvaluatedFlags,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { countsOf, evenUsers, flags, httpEvent, kinesisRecord, userOf, watching } from '../support/fixtures.ts'

const [k1, k2] = [1, 2].map((n) => ({ id: `k${n}`, secret: Buffer.alloc(32, n) }))
if (k1 === undefined || k2 === undefined) throw new Error('no keys')
const subjectSecret = Buffer.alloc(32, 9)
const before = keyRing({ signing: k1, subjectSecret })
const rotated = keyRing({ signing: k2, verifying: [k1], subjectSecret })

const sealedBy = (keys: KeyRing): string => {
  const decisions = [{ flag: 'new-order-flow', variation: 'canary', value: true }]
  return sealToken(createWaybill({ decisions }), keys).token ?? ''
}

/** Holds a ring, and another once it was refreshed. */
function changing(first: KeyRing, next: KeyRing, due = true): KeySource & { readonly asked: unknown[] } {
  let held = first
  const asked: unknown[] = []
  return {
    asked,
    current: () => held,
    refresh: (keyIds) => {
      asked.push(keyIds)
      const missing = keyIds?.some((id) => held.verifier(id) === undefined)
      if (!due && !missing) return undefined
      return Promise.resolve().then(() => {
        held = next
      })
    },
  }
}

describe('keys that change while functions run', () => {
  it('are there before the handler of an inner function, which asks for those that its tokens name', async () => {
    const keys = changing(before, rotated, false)
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(() => flags.get('new-order-flow'), { flags, keys, observers: [observer] })
    expect(await handler(httpEvent({ 'x-waybill': sealedBy(rotated) }))).toBe(true)
    expect(await handler(httpEvent({ 'x-waybill': sealedBy(before) }))).toBe(true)
    expect(keys.asked).toEqual([['k2'], ['k1']])
    expect(countsOf(reports)).toEqual({})
  })

  it('are asked for once for a whole batch, each id once', async () => {
    const keys = changing(before, rotated, false)
    const onRecord = withRecordScope((_record: unknown) => flags.get('new-order-flow'))
    const handler = withHonouredDecisions(
      ({ Records }: { Records: unknown[] }) => Promise.all(Records.map((record) => onRecord(record))),
      { flags, keys },
    )
    const tokens = [sealedBy(rotated), sealedBy(before), sealedBy(rotated)]
    const Records = tokens.map((_waybill, id) => kinesisRecord(id, { id, _waybill }))
    expect(await handler({ Records })).toEqual([true, true, true])
    expect(keys.asked[0]).toEqual(['k2', 'k1'])
  })

  it('are waited for by a batch before its first record, where only one look is allowed', async () => {
    let held = before
    let looks = 0
    const keys: KeySource = {
      current: () => held,
      refresh: () => {
        looks += 1
        return looks > 1
          ? undefined
          : new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
              held = rotated
            })
      },
    }
    const onRecord = withRecordScope((_record: unknown) => flags.get('new-order-flow'))
    const handler = withHonouredDecisions(({ Records }: { Records: unknown[] }) => onRecord(Records[0]), {
      flags,
      keys,
    })
    expect(await handler({ Records: [kinesisRecord(1, { _waybill: sealedBy(rotated) })] })).toBe(true)
  })

  it('are loaded while an edge asks its source, and seal what it decides', async () => {
    const keys = changing(keyRing({}), rotated)
    const handler = withEvaluatedFlags(
      (_event: { userId: string }) => {
        const waybill = currentWaybill()
        return [waybill?.subject, waybill && sealToken(waybill, keys.current()).token]
      },
      { flags, keys, source: evenUsers, context: userOf },
    )
    const [subject, token] = await handler({ userId: 'u2' })
    expect(subject).toBe(rotated.fingerprint('u2'))
    expect(openToken(token ?? '', rotated)).toHaveProperty('waybill')
  })

  it('take effect in the middle of a rotation: what was signed before and after it is believed', async () => {
    let held = before
    const source: KeySource = { current: () => held }
    const handler = withHonouredDecisions(() => flags.get('new-order-flow'), { flags, keys: source })
    const early = httpEvent({ 'x-waybill': sealedBy(before) })
    expect(await handler(early)).toBe(true)
    held = rotated
    expect(await handler(early)).toBe(true)
    expect(await handler(httpEvent({ 'x-waybill': sealedBy(rotated) }))).toBe(true)
    held = keyRing({ signing: k2 })
    expect(await handler(early)).toBe(false)
  })

  it('of nothing that can be a key are not asked for', async () => {
    const keys = changing(before, rotated, false)
    const handler = withHonouredDecisions(() => 1, { flags, keys })
    for (const token of ['hello', 'wb1.', `wb1.${'k'.repeat(17)}.x`, 'wb1.k.k', 'wb2.k9.x', '.k9.', 'wbo1.k3.x']) {
      await handler(httpEvent({ 'x-waybill': token }))
    }
    expect(keys.asked.flat()).toEqual(['k', 'k3'])
  })
})

describe('a key source that breaks its word fails no request', () => {
  const boom = (): never => {
    throw new Error('boom')
  }
  const cases: [string, KeySource][] = [
    ['throws when it is read', { current: boom }],
    ['holds nothing', { current: () => undefined as never }],
    ['throws when it is refreshed', { current: () => keyRing({}), refresh: boom }],
    ['rejects when it is refreshed', { current: () => keyRing({}), refresh: async () => boom() }],
  ]
  it.each(cases)('one that %s', async (_what, keys) => {
    const { reports, observer } = watching()
    const options = { flags, keys, observers: [observer] }
    const inner = withHonouredDecisions(() => flags.get('new-order-flow'), options)
    expect(await inner(httpEvent({ 'x-waybill': sealedBy(before) }))).toBe(false)
    const edge = withEvaluatedFlags((_event: { userId: string }) => flags.get('new-order-flow'), {
      ...options,
      source: evenUsers,
      context: userOf,
    })
    expect(await edge({ userId: 'u2' })).toBe(true)
    expect(countsOf(reports)).toEqual({ no_keys: 1, refused: 1 })
  })

  it('is told from a ring at set-up, and what is neither is refused', () => {
    expect(() => withHonouredDecisions(() => 1, { flags, keys: {} as never })).toThrow(/key ring or a key source/)
    expect(() => withHonouredDecisions(() => 1, { flags, keys: undefined as never })).toThrow(/"keys"/)
  })
})
