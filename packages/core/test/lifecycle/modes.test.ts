import { describe, expect, it } from 'vitest'
import {
  createWaybill,
  currentWaybill,
  declareFlags,
  type EdgeOptions,
  type FlagSource,
  inboundModes,
  keyRing,
  sealToken,
  stampEvent,
  withEvaluatedFlags,
  withRecordScope,
} from '../../src/index.ts'
import { countsOf, evenUsers, flags, httpEvent, keys, kinesisRecord, payloadOf, watching } from '../support/fixtures.ts'

const NOW = 1_800_000_000
const subject = (user: string): string => keys.fingerprint(user) ?? ''

/** The opposite of what the source would say: u1 is canary, u2 is control. */
function tokenOf(user: string, ageSeconds = 0): string {
  const canary = user === 'u1'
  const decisions = [{ flag: 'new-order-flow', variation: canary ? 'canary' : 'control', value: canary }]
  const waybill = createWaybill({ subject: subject(user), decidedAtSeconds: NOW - ageSeconds, decisions })
  return sealToken(waybill, keys).token ?? ''
}

const request = (user: string, token?: string): Record<string, unknown> => ({
  ...httpEvent(token === undefined ? {} : { 'x-waybill': token }),
  userId: user,
})

type Options = EdgeOptions<{ readonly userId?: string }>
const base: Options = {
  flags,
  keys,
  source: evenUsers,
  context: ({ userId }) => (userId === undefined ? undefined : { key: userId }),
  nowMs: () => NOW * 1000,
}

async function visit(event: object, more: Partial<Options>): Promise<[string, string, Record<string, number>]> {
  const { reports, observer } = watching()
  const handler = withEvaluatedFlags(() => flags.detail('new-order-flow'), { ...base, observers: [observer], ...more })
  const { variation, origin } = await handler(event)
  return [variation, origin, countsOf(reports)]
}

describe('an edge behind an edge', () => {
  const modes = inboundModes({ http: 'honour-or-evaluate' })

  it('honours what the other one decided for the same subject, and sends that on word for word', async () => {
    expect(await visit(request('u1', tokenOf('u1')), { modes })).toEqual(['canary', 'propagated', {}])
    const sending = withEvaluatedFlags(() => stampEvent({})._waybill, { ...base, modes })
    expect(await sending(request('u1', tokenOf('u1')) as never)).toBe(tokenOf('u1'))
  })

  it('decides itself where nothing came', async () => {
    expect(await visit(request('u1'), { modes })).toEqual(['control', 'evaluated', {}])
  })

  it('asks its source for nothing when it honours', async () => {
    let asked = 0
    const source: FlagSource = {
      decide: (...args) => {
        asked += 1
        return evenUsers.decide(...args)
      },
    }
    await visit(request('u1', tokenOf('u1')), { modes, source })
    expect(asked).toBe(0)
  })

  it.each([
    ['of another subject', tokenOf('u2'), { wrong_subject: 1 }],
    ['too old', tokenOf('u1', 301), { expired: 1 }],
    ['forged', tokenOf('u1').replace('canary', 'control'), { bad_signature: 1 }],
    ['twice', `${tokenOf('u1')},${tokenOf('u1')}`, { duplicate: 1 }],
    ['of a newer format', tokenOf('u1').replace('wb1', 'wb2'), { unknown_format: 1 }],
    ['nothing that is a token', 'hello', { malformed: 1 }],
  ])('decides itself when what came is %s, and counts why', async (_what, token, counts) => {
    expect(await visit(request('u1', token), { modes })).toEqual(['control', 'evaluated', counts])
    // What was not believed goes no further.
    const sending = withEvaluatedFlags(() => stampEvent({})._waybill, { ...base, modes })
    expect(await sending(request('u1', token) as never)).not.toBe(token)
  })

  it('honours up to the age that it was told, and no longer', async () => {
    expect(await visit(request('u1', tokenOf('u1', 300)), { modes })).toEqual(['canary', 'propagated', {}])
    const strict = inboundModes({ http: 'honour-or-evaluate' }, { maxInboundAgeSeconds: 10 })
    expect(await visit(request('u1', tokenOf('u1', 10)), { modes: strict })).toEqual(['canary', 'propagated', {}])
    expect(await visit(request('u1', tokenOf('u1', 11)), { modes: strict })).toEqual([
      'control',
      'evaluated',
      { expired: 1 },
    ])
  })

  it('honours nothing for nobody, nor without the secret that tells whose it is', async () => {
    const { userId: _, ...nobody } = request('u1', tokenOf('u1'))
    expect(await visit(nobody, { modes })).toEqual(['control', 'default', { inbound_discarded: 1, no_subject: 1 }])
    const secretless = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
    expect(await visit(request('u1', tokenOf('u1')), { modes, keys: secretless })).toEqual([
      'control',
      'evaluated',
      { no_keys: 1 },
    ])
  })

  it('waits for keys before it looks at what came, and for a context that comes later', async () => {
    let ring = keyRing({})
    const source = {
      current: () => ring,
      refresh: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        ring = keys
      },
    }
    const later = async ({ userId = '' }: { userId?: string }): Promise<{ key: string }> => ({ key: userId })
    for (const context of [base.context, later]) {
      ring = keyRing({})
      const seen = await visit(request('u1', tokenOf('u1')), { modes, keys: source, context })
      expect(seen).toEqual(['canary', 'propagated', {}])
    }
  })

  it('demands its own audience', async () => {
    expect(await visit(request('u1', tokenOf('u1')), { modes, audience: 'shop' })).toEqual([
      'control',
      'evaluated',
      { wrong_audience: 1 },
    ])
  })

  it('makes anew what is too old for its flag', async () => {
    const aged = declareFlags({
      'new-order-flow': {
        variations: { control: false, canary: true },
        default: 'control',
        maxAgeSeconds: 5,
        whenExpired: 'evaluate',
      },
    })
    const handler = withEvaluatedFlags(() => aged.detail('new-order-flow'), { ...base, flags: aged, modes })
    expect(await handler(request('u1', tokenOf('u1', 6)) as never)).toMatchObject({
      variation: 'control',
      origin: 'evaluated',
      decidedAtSeconds: NOW,
    })
    expect(await handler(request('u1', tokenOf('u1', 5)) as never)).toMatchObject({ variation: 'canary' })
  })

  it('follows recalls of what it honours', async () => {
    const recallable = declareFlags({
      'new-order-flow': { variations: { control: false, canary: true }, default: 'control', inFlight: 'recall' },
    })
    const recalls = { current: () => [{ flag: 'new-order-flow', upToVersion: 9, to: 'control' }] }
    const handler = withEvaluatedFlags(() => recallable.detail('new-order-flow'), {
      ...base,
      flags: recallable,
      modes,
      recalls,
    })
    expect(await handler(request('u1', tokenOf('u1')) as never)).toMatchObject({ origin: 'recalled' })
    // What it decides itself comes of data that the recall has changed already.
    expect(await handler(request('u2') as never)).toMatchObject({ variation: 'canary', origin: 'evaluated' })
  })
})

describe('an edge that a queue or stream feeds', () => {
  type Batch = { readonly Records: readonly Record<string, unknown>[] }
  const onRecord = withRecordScope(async (_record: Record<string, unknown>) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
    const { variation, origin } = flags.detail('new-order-flow')
    return [variation, origin, currentWaybill()?.subject]
  })
  const all = ({ Records }: Batch): Promise<unknown[]> => Promise.all(Records.map((record) => onRecord(record)))
  const byRecord: EdgeOptions<Record<string, unknown>> = {
    ...base,
    context: (record) => ({ key: (payloadOf(record) as { user: string }).user }),
  }
  const Records = ['u1', 'u2', 'u3', 'u4'].map((user, id) =>
    kinesisRecord(id, id < 2 ? { user, _waybill: tokenOf(user) } : { user }),
  )

  it('decides for each record in that record’s scope, and discards what came', async () => {
    const { reports, observer } = watching()
    const handler = withEvaluatedFlags(all, { ...byRecord, observers: [observer] })
    expect(await handler({ Records })).toEqual([
      ['control', 'evaluated', subject('u1')],
      ['canary', 'evaluated', subject('u2')],
      ['control', 'evaluated', subject('u3')],
      ['canary', 'evaluated', subject('u4')],
    ])
    expect(countsOf(reports)).toEqual({ inbound_discarded: 2 })
    expect(reports.map(({ scope }) => [scope.role, scope.kind])).toContainEqual(['edge', 'record'])
  })

  it('has no waybill in the batch’s own scope', async () => {
    const handler = withEvaluatedFlags(
      (_event: Batch) => [currentWaybill(), flags.detail('pizza-size').cause],
      byRecord,
    )
    expect(await handler({ Records })).toEqual([undefined, 'undecided'])
  })

  it('honours or decides record by record', async () => {
    const modes = inboundModes({ kinesis: 'honour-or-evaluate' })
    const handler = withEvaluatedFlags(all, { ...byRecord, modes })
    expect((await handler({ Records })).map((one) => (one as unknown[]).slice(0, 2))).toEqual([
      ['canary', 'propagated'],
      ['control', 'propagated'],
      ['control', 'evaluated'],
      ['canary', 'evaluated'],
    ])
  })

  it('decides for parsed records, which have lost their ids, without missing those', async () => {
    const { reports, observer } = watching()
    const parsed = withRecordScope((_order: object) => flags.get('new-order-flow'))
    const handler = withEvaluatedFlags(
      (batch: Batch) => Promise.all(batch.Records.map((one) => parsed(payloadOf(one) as object))),
      { ...base, context: ({ user }: { user?: string }) => ({ key: user ?? '' }), observers: [observer] } as never,
    )
    expect(await handler({ Records })).toEqual([false, true, false, true])
    expect(countsOf(reports)).toEqual({ inbound_discarded: 2 })
  })
})

describe('a function that is an edge to one source and not to another', () => {
  const modes = inboundModes({ kinesis: 'honour', '*': 'evaluate' })

  it('decides for requests, and honours what its own chain sent it', async () => {
    const { reports, observer } = watching()
    const onRecord = withRecordScope((_record: unknown) => flags.detail('new-order-flow').origin)
    const handler = withEvaluatedFlags(
      async (event: { Records?: object[] }): Promise<unknown> =>
        event.Records === undefined
          ? flags.detail('new-order-flow').origin
          : Promise.all(event.Records.map((record) => onRecord(record))),
      { ...base, modes, observers: [observer] } as never,
    )
    const Records = [kinesisRecord(1, { _waybill: tokenOf('u1', 86_400) }), kinesisRecord(2, {})]
    expect(await handler({ Records })).toEqual(['propagated', 'default'])
    expect(countsOf(reports)).toEqual({ no_token: 1, undecided: 1 })
    expect(await handler(request('u2', tokenOf('u2')) as never)).toBe('evaluated')
    expect(countsOf(reports)).toMatchObject({ inbound_discarded: 1 })
  })

  it('takes its policies for what it honours', async () => {
    const strict = {
      ...base,
      modes: inboundModes({ http: 'honour' }),
      onRefused: 'throw',
      undecided: 'default',
    } as const
    const handler = withEvaluatedFlags(() => flags.get('new-order-flow'), strict)
    expect(await handler(request('u1', tokenOf('u1')) as never)).toBe(true)
    expect(await handler(request('u1') as never)).toBe(false)
    await expect(handler(request('u1', 'hello') as never)).rejects.toMatchObject({ code: 'refused' })
  })

  it('honours an event of no known carrier by the mode for all others', async () => {
    const honouring = inboundModes({ http: 'evaluate', '*': 'honour' })
    expect(await visit({ userId: 'u2', _waybill: tokenOf('u2') }, { modes: honouring })).toEqual([
      'control',
      'propagated',
      {},
    ])
    expect(await visit({ userId: 'u2' }, { modes: inboundModes({}) })).toEqual(['canary', 'evaluated', {}])
  })
})

it('modes are checked at set-up', () => {
  expect(() => inboundModes({ htpp: 'honour' })).toThrow(/no carrier "htpp", only \*, http, sqs/)
  expect(() => inboundModes({ http: 'believe' as never })).toThrow(/mode of "http"/)
  expect(() => inboundModes({}, { maxInboundAgeSeconds: 0 })).toThrow(/maxInboundAgeSeconds/)
  expect(() => withEvaluatedFlags(() => 1, { ...base, modes: { http: 'honour' } as never })).toThrow(/inboundModes\(\)/)
})
