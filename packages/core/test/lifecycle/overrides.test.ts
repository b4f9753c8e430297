import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  acceptOverrides,
  declareFlags,
  type EdgeOptions,
  inboundModes,
  keyRing,
  type OverrideInput,
  openToken,
  sealOverride,
  stampEvent,
  withDecisions,
  withEvaluatedFlags,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { countsOf, evenUsers, flags, httpEvent, keys, kinesisRecord, payloadOf, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

const overrideOf = (user: string, decisions: Record<string, string>, more: Partial<OverrideInput> = {}): string =>
  sealOverride({ context: { key: user }, decisions, ttlSeconds: 3600, ...more }, keys)
const canary = overrideOf('u1', { 'new-order-flow': 'canary' })
const request = (user: string, token: string): Record<string, unknown> => ({
  ...httpEvent({ 'x-waybill': token }),
  userId: user,
})

const base: EdgeOptions<{ readonly userId?: string }> = {
  flags,
  keys,
  source: evenUsers,
  context: ({ userId }) => (userId === undefined ? undefined : { key: userId }),
  overrides: acceptOverrides({ flags: ['new-order-flow', 'not-declared'] }),
}

async function visit(event: object, more: Partial<typeof base> = {}): Promise<[unknown[], Record<string, number>]> {
  const { reports, observer } = watching()
  const handler = withEvaluatedFlags(
    () => [flags.detail('new-order-flow').variation, flags.detail('pizza-size').variation],
    { ...base, observers: [observer], ...more },
  )
  return [await handler(event), countsOf(reports)]
}

describe('a tester’s override', () => {
  it('decides the flags that it names, for its own subject, and says so', async () => {
    const handler = withEvaluatedFlags(() => flags.detail('new-order-flow'), base)
    expect(await handler(request('u1', canary) as never)).toMatchObject({
      variation: 'canary',
      value: true,
      version: 7,
      reason: 'OVERRIDE',
      origin: 'override',
      bucketed: false,
      track: false,
    })
    expect(await visit(request('u1', canary))).toEqual([['canary', 'large'], { overridden: 1 }])
  })

  it('goes on to the whole chain as a decision like all others, and not as the secret that it is', async () => {
    const edge = withEvaluatedFlags((event: object) => [stampEvent({})._waybill, inspect(event, { depth: 9 })], base)
    const [sent = '', seen = ''] = await edge(request('u1', canary) as never)
    const opened = openToken(sent, keys)
    if ('refusal' in opened) throw new Error(opened.refusal)
    expect(opened.waybill.decisions.get('new-order-flow')).toMatchObject({ variation: 'canary', reason: 'OVERRIDE' })
    expect(seen).not.toContain('wbo1')
    const inner = withHonouredDecisions(() => flags.get('new-order-flow'), { flags, keys })
    expect(await inner(httpEvent({ 'x-waybill': sent }))).toBe(true)
  })

  it('may be sent in a header of any case, and for the record of a queue', async () => {
    expect(await visit({ ...httpEvent({ 'X-Waybill': canary }), userId: 'u1' })).toMatchObject([
      ['canary', 'large'],
      {},
    ])
    const onRecord = withRecordScope((_record: unknown) => flags.get('new-order-flow'))
    const handler = withEvaluatedFlags(
      ({ Records }: { Records: object[] }) => Promise.all(Records.map((one) => onRecord(one))),
      { ...base, context: (one: object) => ({ key: (payloadOf(one) as { user: string }).user }) } as never,
    )
    const Records = ['u1', 'u3'].map((user, id) => kinesisRecord(id, { user, _waybill: canary }))
    expect(await handler({ Records })).toEqual([true, false])
  })

  it('works where the source does not: that is when one wants to test', async () => {
    const source = { decide: () => ({ status: 'unavailable' }) as const }
    expect(await visit(request('u1', canary), { source })).toEqual([
      ['canary', 'small'],
      { source_unavailable: 1, overridden: 1 },
    ])
  })

  it('waits for keys that are loaded', async () => {
    let ring = keyRing({})
    const load = async (): Promise<void> => {
      ring = keys
    }
    const source = { current: () => ring, refresh: load }
    expect(await visit(request('u1', canary), { keys: source })).toMatchObject([['canary', 'large'], { overridden: 1 }])
  })

  it('passes an edge behind an edge, which honours tokens as well', async () => {
    const modes = inboundModes({ http: 'honour-or-evaluate' })
    expect(await visit(request('u1', canary), { modes })).toEqual([['canary', 'large'], { overridden: 1 }])
  })

  it('gives way to what a handler’s own test forces', async () => {
    const forced = withDecisions({ 'new-order-flow': 'control' }, () => visit(request('u1', canary)))
    expect(await forced).toMatchObject([['control', 'large'], {}])
    const edge = withEvaluatedFlags(() => stampEvent({})._waybill ?? '', base)
    const sent = await withDecisions({ 'new-order-flow': 'control' }, () => edge(request('u1', canary) as never))
    expect(sent).toContain('new-order-flow:control')
  })
})

describe('an override decides nothing, and that is counted', () => {
  const others = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 9) }, subjectSecret: Buffer.alloc(32, 2) })
  const forged = sealOverride(
    { context: { key: 'u1' }, decisions: { 'new-order-flow': 'canary' }, ttlSeconds: 60 },
    others,
  )
  const old = overrideOf('u1', { 'new-order-flow': 'canary' }, { nowMs: () => Date.now() - 3_600_000 })
  it.each([
    ['of another user', 'u3', canary, { wrong_subject: 1 }],
    ['that is over', 'u1', old, { expired: 1 }],
    ['that is forged', 'u1', forged, { bad_signature: 1 }],
    ['that was changed', 'u1', canary.replace('canary', 'control'), { bad_signature: 1 }],
    ['that came twice', 'u1', `${canary},${canary}`, { duplicate: 1 }],
    ['that came beside a token', 'u1', `${tokenFor('canary')},${canary}`, { duplicate: 1 }],
    ['of nonsense', 'u1', 'wbo1.hello', { malformed: 1 }],
    ['of more than 2,048 characters', 'u1', `wbo1.${'x'.repeat(3000)}`, { oversize: 1 }],
    ['of an undeclared variation', 'u1', overrideOf('u1', { 'new-order-flow': 'beta' }), { undeclared_variation: 1 }],
  ])('one %s', async (_what, user, token, counts) => {
    expect(await visit(request(user, token))).toEqual([['control', 'large'], counts])
  })

  it('of flags that the function does not accept, or does not declare', async () => {
    const token = overrideOf('u1', { 'pizza-size': 'small', 'not-declared': 'on', elsewhere: 'on' })
    expect(await visit(request('u1', token))).toEqual([['control', 'large'], { inbound_discarded: 1 }])
  })

  it('and one of whom several flags are named decides those that are accepted', async () => {
    const token = overrideOf('u1', { 'pizza-size': 'small', 'new-order-flow': 'canary' })
    expect(await visit(request('u1', token))).toEqual([['canary', 'large'], { overridden: 1 }])
  })

  it('where there is no subject, or no secret to tell one by', async () => {
    const { userId: _, ...nobody } = request('u1', canary)
    expect(await visit(nobody)).toMatchObject([['control', 'small'], { wrong_subject: 1, no_subject: 1 }])
    const secretless = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
    expect(await visit(request('u1', canary), { keys: secretless })).toEqual([
      ['control', 'large'],
      { wrong_subject: 1 },
    ])
  })

  it('where the edge accepts none: it is discarded like all that comes from outside', async () => {
    const { overrides: _, ...closed } = base
    const { reports, observer } = watching()
    const handler = withEvaluatedFlags(() => flags.get('new-order-flow'), { ...closed, observers: [observer] })
    expect(await handler(request('u1', canary) as never)).toBe(false)
    expect(countsOf(reports)).toEqual({ inbound_discarded: 1 })
  })

  it('inside a chain: an inner function honours edges, not testers', async () => {
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(() => [flags.get('new-order-flow'), stampEvent({})], {
      flags,
      keys,
      observers: [observer],
    })
    expect(await handler(request('u1', canary))).toEqual([false, {}])
    expect(countsOf(reports)).toEqual({ malformed: 1, refused: 1 })
  })
})

describe('what else came is discarded as ever', () => {
  it('an ordinary token at an edge that accepts overrides', async () => {
    expect(await visit(request('u1', tokenFor('canary')))).toEqual([['control', 'large'], { inbound_discarded: 1 }])
  })

  it('which flags are accepted is said at set-up', () => {
    expect(() => acceptOverrides({ flags: [] })).toThrow(/acceptOverrides/)
    expect(() => acceptOverrides({} as never)).toThrow(/acceptOverrides/)
    expect(() => withEvaluatedFlags(() => 1, { ...base, overrides: { flags: ['a'] } as never })).toThrow(/overrides/)
  })

  it('a recall of the flag reaches an override too, where it arrives', async () => {
    const recallable = declareFlags({
      'new-order-flow': { variations: { control: false, canary: true }, default: 'control', inFlight: 'recall' },
    })
    const edge = withEvaluatedFlags(() => stampEvent({})._waybill ?? '', base)
    const event = httpEvent({ 'x-waybill': await edge(request('u1', canary) as never) })
    const run = (upToVersion: number): Promise<unknown> => {
      const recalls = { current: () => [{ flag: 'new-order-flow', upToVersion, to: 'control' }] }
      return withHonouredDecisions(() => recallable.get('new-order-flow'), { flags: recallable, keys, recalls })(event)
    }
    expect([await run(7), await run(6)]).toEqual([false, true])
  })
})
