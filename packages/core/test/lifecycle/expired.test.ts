import { describe, expect, it } from 'vitest'
import {
  createWaybill,
  currentWaybill,
  declareFlags,
  evaluateExpired,
  type FlagSource,
  type InnerOptions,
  openToken,
  runWithWaybill,
  type SourceAnswer,
  sealToken,
  stampEvent,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { countsOf, httpEvent, keys, kinesisRecord, payloadOf, watching } from '../support/fixtures.ts'

const NOW = 1_800_000_000
const choice = { variations: { control: false, canary: true }, default: 'control', maxAgeSeconds: 60 } as const
const choiceAnew = { ...choice, whenExpired: 'evaluate', inFlight: 'recall' } as const
const flags = declareFlags({
  plain: choice,
  kept: { ...choice, whenExpired: 'keep' },
  anew: choiceAnew,
  lasting: { variations: { control: false, canary: true }, default: 'control' },
})
const ALL = ['plain', 'kept', 'anew', 'lasting'] as const

const ada = keys.fingerprint('ada') ?? ''

/** Everything is canary, decided so long ago. */
function tokenOf(ageSeconds: number, own: Readonly<Record<string, number>> = {}): string {
  const decisions = [...ALL, 'foreign'].map((flag) => ({
    flag,
    variation: 'canary',
    value: true,
    version: 3,
    decidedAtSeconds: NOW - (own[flag] ?? ageSeconds),
  }))
  return sealToken(createWaybill({ subject: ada, decisions }), keys).token ?? ''
}

/** Now everything is control, at version 9; it remembers what it was asked. */
function today(answer?: () => SourceAnswer | Promise<SourceAnswer>): FlagSource & { readonly asked: string[][] } {
  const asked: string[][] = []
  return {
    asked,
    decide: (_context, wanted) => {
      asked.push(wanted.map(({ key }) => key))
      if (answer !== undefined) return answer()
      return {
        status: 'live',
        decisions: wanted.map(() => ({ value: false, variation: 'control', version: 9, reason: 'OFF' })),
      }
    },
  }
}

function options(source: FlagSource, more: Partial<InnerOptions> = {}): InnerOptions {
  return {
    flags,
    keys,
    nowMs: () => NOW * 1000,
    evaluate: evaluateExpired({ source, context: () => ({ key: 'ada' }) }),
    ...more,
  }
}

const visit = async (token: string, more: InnerOptions): Promise<[Record<string, unknown>, Record<string, number>]> => {
  const { reports, observer } = watching()
  const handler = withHonouredDecisions(() => Object.fromEntries(ALL.map((flag) => [flag, flags.detail(flag)])), {
    ...more,
    observers: [observer],
  })
  return [await handler(httpEvent({ 'x-waybill': token })), countsOf(reports)]
}

describe('a decision older than its flag allows', () => {
  it('gives way to the default, is kept, or is made anew, as its flag says', async () => {
    const [seen, counts] = await visit(tokenOf(61), options(today()))
    expect(seen).toEqual({
      plain: expect.objectContaining({ variation: 'control', cause: 'expired', origin: 'default' }),
      kept: expect.objectContaining({ variation: 'canary', cause: 'expired_kept', decidedAtSeconds: NOW - 61 }),
      anew: expect.objectContaining({ variation: 'control', version: 9, origin: 'evaluated', decidedAtSeconds: NOW }),
      lasting: expect.objectContaining({ variation: 'canary', origin: 'propagated' }),
    })
    expect(counts).toEqual({ expired: 1, expired_kept: 1, reevaluated: 1 })
  })

  it('is none at the very age that is allowed', async () => {
    const source = today()
    const [seen, counts] = await visit(tokenOf(60), options(source))
    for (const flag of ALL) expect(seen[flag]).toMatchObject({ variation: 'canary', version: 3 })
    expect(counts).toEqual({})
    expect(source.asked).toEqual([])
  })

  it('is made anew alone: the source is asked for nothing else', async () => {
    const source = today()
    await visit(tokenOf(61), options(source))
    expect(source.asked).toEqual([['anew']])
  })

  it('that is made anew goes on to whoever comes next, at its own moment; all others go on word for word', async () => {
    const handler = withHonouredDecisions(() => stampEvent({})._waybill ?? '', options(today()))
    const arrived = tokenOf(61, { lasting: 30, foreign: 61 })
    const opened = openToken(await handler(httpEvent({ 'x-waybill': arrived })), keys)
    if ('refusal' in opened) throw new Error(opened.refusal)
    const { decisions, subject } = opened.waybill
    expect(subject).toBe(ada)
    expect([...decisions.values()].map((one) => [one.flag, one.variation, NOW - one.decidedAtSeconds])).toEqual([
      ['plain', 'canary', 61],
      ['kept', 'canary', 61],
      ['anew', 'control', 0],
      ['lasting', 'canary', 30],
      ['foreign', 'canary', 61],
    ])
  })

  it('leaves what this version does not understand as it was', async () => {
    const at = (ageSeconds: number): string => (NOW - ageSeconds).toString(36)
    const text = `wb1.k1.${at(90)}.${ada}.qlater~d2.anew:canary:t:3:s~lasting:%63anary:t:3:sz:i${at(80)}:zlater~x:y:n:1:q`
    const token = `${text}.${keys.signer?.sign('decisions', text)}`
    const handler = withHonouredDecisions(() => stampEvent({})._waybill ?? '', options(today()))
    expect((await handler(httpEvent({ 'x-waybill': token }))).split('.').slice(2, -1)).toEqual([
      at(90),
      ada,
      'qlater~d2',
      `anew:control:f:9:o:i${at(0)}~lasting:%63anary:t:3:sz:i${at(80)}:zlater~x:y:n:1:q`,
    ])
  })

  it('that was the oldest of all leaves the others their moments when it is made anew', async () => {
    const handler = withHonouredDecisions(() => stampEvent({})._waybill ?? '', options(today()))
    const opened = openToken(await handler(httpEvent({ 'x-waybill': tokenOf(40, { anew: 99 }) })), keys)
    if ('refusal' in opened) throw new Error(opened.refusal)
    expect(opened.waybill.decidedAtSeconds).toBe(NOW - 40)
    expect(opened.waybill.decisions.get('foreign')?.decidedAtSeconds).toBe(NOW - 40)
  })

  it.each([
    ['at once', today()],
    ['later', { decide: async (...asked) => today().decide(...asked) } satisfies FlagSource],
  ])('does not become too old while the handler runs, where the source answers %s', async (_when, source) => {
    let now = NOW
    const twice = declareFlags({ anew: choiceAnew, other: choiceAnew })
    const late = withHonouredDecisions(
      () => {
        now += 600
        return [twice.detail('anew').version, twice.detail('other').version]
      },
      options(source, { flags: twice, nowMs: () => now * 1000 }),
    )
    const decisions = ['anew', 'other'].map((flag, index) => {
      return { flag, variation: 'canary', value: true, version: 3, decidedAtSeconds: NOW - 59 - 2 * index }
    })
    const token = sealToken(createWaybill({ subject: ada, decisions }), keys).token ?? ''
    expect(await late(httpEvent({ 'x-waybill': token }))).toEqual([3, 9])
  })

  it('is made anew for each record by its own context', async () => {
    const context = (record: object): { key: string } => ({ key: (payloadOf(record) as { user: string }).user })
    const source = today()
    const { reports, observer } = watching()
    const onRecord = withRecordScope((_record: unknown) => flags.detail('anew').version)
    const handler = withHonouredDecisions(
      ({ Records }: { Records: unknown[] }) => Promise.all(Records.map((one) => onRecord(one))),
      options(source, { evaluate: evaluateExpired({ source, context }), observers: [observer] }),
    )
    const order = (id: number, user: string, age: number): object => kinesisRecord(id, { user, _waybill: tokenOf(age) })
    // The third carries a waybill that is not its user's: nobody's waybill gets another's decisions.
    const Records = [order(1, 'ada', 61), order(2, 'ada', 1), order(3, 'bob', 61)]
    expect(await handler({ Records })).toEqual([9, 3, 0])
    expect(countsOf(reports)).toEqual({ reevaluated: 1, wrong_subject: 1, expired: 1 })
  })

  it('waits for a source and a context that answer later', async () => {
    const source = today()
    const later: FlagSource = { decide: async (...asked) => source.decide(...asked) }
    const evaluate = evaluateExpired({ source: later, context: async () => ({ key: 'ada' }) })
    const [seen] = await visit(tokenOf(61), options(later, { evaluate }))
    expect(seen['anew']).toMatchObject({ version: 9 })
  })

  it('gives way to a recall, which is newer than both', async () => {
    const recalls = { current: () => [{ flag: 'anew', upToVersion: 3, to: 'control' }] }
    const source = today()
    const [seen, counts] = await visit(tokenOf(61), options(source, { recalls }))
    expect(seen['anew']).toMatchObject({ origin: 'recalled' })
    expect(counts).toMatchObject({ recalled: 1 })
    expect(source.asked).toEqual([])
  })
})

describe('when nobody can decide anew, the declared default runs here and from here on', () => {
  const boom = (): never => {
    throw new Error('boom')
  }
  it.each([
    ['the source has no data', today(() => ({ status: 'unavailable' })), undefined, 'source_unavailable'],
    ['the source throws', today(boom), undefined, 'source_failed'],
    ['the source rejects', today(async () => boom()), undefined, 'source_failed'],
    [
      'the source talks nonsense',
      today(() => ({ status: 'live', decisions: [7] }) as never),
      undefined,
      'flag_not_found',
    ],
    ['the context function throws', today(), boom, 'no_subject'],
    ['the context function rejects', today(), async () => boom(), 'no_subject'],
    ['there is no subject', today(), () => undefined, 'no_subject'],
  ])('%s', async (_why, source, context, cause) => {
    const evaluate = evaluateExpired({ source, context: context ?? (() => ({ key: 'ada' })) })
    const [seen, counts] = await visit(tokenOf(61), options(source, { evaluate }))
    expect(seen['anew']).toMatchObject({ variation: 'control', origin: 'default', cause })
    expect(counts).toEqual({ expired: 1, expired_kept: 1, [cause]: 1 })
  })
})

describe('where no lifecycle can ask', () => {
  it('set-up says so', () => {
    const { evaluate: _, ...without } = options(today())
    expect(() => withHonouredDecisions(() => 1, without)).toThrow(/"anew" is declared whenExpired/)
    const plain = { source: today(), context: () => ({ key: 'ada' }) } as never
    expect(() => withHonouredDecisions(() => 1, { ...without, evaluate: plain })).toThrow(/evaluateExpired/)
    expect(() => evaluateExpired({ source: today() } as never)).toThrow(/a flag source and a context function/)
  })

  it('a waybill that is run by hand gives way to the default', async () => {
    const opened = openToken(tokenOf(61), keys)
    if ('refusal' in opened) throw new Error(opened.refusal)
    const handler = withHonouredDecisions(
      () => runWithWaybill(opened.waybill, () => [flags.detail('anew'), currentWaybill()?.decisions.size]),
      options(today()),
    )
    expect(await handler(httpEvent({}))).toMatchObject([{ variation: 'control', cause: 'expired' }, 5])
  })
})
