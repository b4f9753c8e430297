import { beforeEach, describe, expect, it } from 'vitest'
import { currentWaybill, scopeRecords, withHonouredDecisions, withRecordScope } from '../../src/index.ts'
import { processLedger } from '../../src/ledger.ts'
import { countsOf, flags, keys, kinesisRecord, payloadOf, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

beforeEach(() => void processLedger.drain())

type Batch = { readonly Records: readonly Record<string, unknown>[] }

const stamped = (id: number, variation: 'control' | 'canary', payload: object = { id }): Record<string, unknown> =>
  kinesisRecord(id, { ...payload, _waybill: tokenFor(variation) })

const variationOf = (): string => flags.detail('new-order-flow').variation

describe('a batch', () => {
  it('gives each record its own decisions, in parallel as in order', async () => {
    const onRecord = withRecordScope(async (record: Record<string, unknown>) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
      return [record['eventID'], variationOf()]
    })
    const parallel = withHonouredDecisions(({ Records }: Batch) => Promise.all(Records.map((one) => onRecord(one))), {
      flags,
      keys,
    })
    const Records = Array.from({ length: 20 }, (_, id) => stamped(id, id % 3 === 0 ? 'canary' : 'control'))
    const expected = Records.map((record, id) => [record['eventID'], id % 3 === 0 ? 'canary' : 'control'])
    expect(await parallel({ Records })).toEqual(expected)
  })

  it('has no waybill of its own', async () => {
    const handler = withHonouredDecisions((_event: Batch) => [currentWaybill(), variationOf()], { flags, keys })
    expect(await handler({ Records: [stamped(1, 'canary')] })).toEqual([undefined, 'control'])
  })

  it('hands its records over without their tokens', async () => {
    const handler = withHonouredDecisions((event: Batch) => event.Records.map(payloadOf), { flags, keys })
    expect(await handler({ Records: [stamped(1, 'canary', { order: 1 }), kinesisRecord(2, { order: 2 })] })).toEqual([
      { order: 1 },
      { order: 2 },
    ])
  })

  it('a record that throws leaves its neighbours their own, and its retry honours the same again', async () => {
    let failures = 1
    const seen: unknown[] = []
    const onRecord = withRecordScope(async (record: Record<string, unknown>) => {
      const { id } = payloadOf(record) as { id: number }
      if (id === 2 && failures-- > 0) throw new Error('poison')
      seen.push([id, variationOf()])
    })
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(
      async ({ Records }: Batch) =>
        (await Promise.allSettled(Records.map((one) => onRecord(one)))).map((one) => one.status),
      { flags, keys, observers: [observer] },
    )
    const event = { Records: [stamped(1, 'control'), stamped(2, 'canary'), stamped(3, 'control')] }
    expect(await handler(event)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    // Lambda repeats a stream from the lowest failure on.
    expect(await handler({ Records: event.Records.slice(1) })).toEqual(['fulfilled', 'fulfilled'])
    expect(seen).toEqual([
      [1, 'control'],
      [3, 'control'],
      [2, 'canary'],
      [3, 'control'],
    ])
    const records = reports.filter((report) => report.scope.kind === 'record')
    expect(records.filter((report) => report.outcome === 'failed')).toHaveLength(1)
    expect(reports.filter((report) => report.scope.kind === 'batch').map((report) => report.outcome)).toEqual([
      'succeeded',
      'succeeded',
    ])
  })

  it('finds a record again by its id when a parser made another object of it', async () => {
    const onRecord = withRecordScope((_parsed: { eventID: unknown; order: unknown }) => variationOf())
    const handler = withHonouredDecisions(
      ({ Records }: Batch) =>
        Promise.all(Records.map((one) => onRecord({ eventID: one['eventID'], order: payloadOf(one) }))),
      { flags, keys },
    )
    expect(await handler({ Records: [stamped(1, 'control'), stamped(2, 'canary')] })).toEqual(['control', 'canary'])
  })

  it('counts a record whose id a parser dropped, and runs it on the default', async () => {
    const { reports, observer } = watching()
    const onRecord = withRecordScope((_parsed: unknown) => variationOf())
    const handler = withHonouredDecisions(
      ({ Records }: Batch) => Promise.all(Records.map((one) => onRecord(payloadOf(one)))),
      {
        flags,
        keys,
        observers: [observer],
      },
    )
    expect(await handler({ Records: [stamped(1, 'canary')] })).toEqual(['control'])
    expect(countsOf(reports)).toMatchObject({ record_unmatched: 1 })
  })

  it('runs records that are not JSON, not stamped, or forged, and counts what it did not believe', async () => {
    const { reports, observer } = watching()
    const onRecord = withRecordScope((_record: unknown) => variationOf())
    const handler = withHonouredDecisions(({ Records }: Batch) => Promise.all(Records.map((one) => onRecord(one))), {
      flags,
      keys,
      observers: [observer],
    })
    const forged = kinesisRecord(3, { _waybill: tokenFor('control').replace('control', 'canary!') })
    const Records = [kinesisRecord(1, 'not JSON'), kinesisRecord(2, { a: 1 }), forged, stamped(4, 'canary')]
    expect(await handler({ Records })).toEqual(['control', 'control', 'control', 'canary'])
    expect(countsOf(reports)).toMatchObject({ no_token: 2 })
    expect(reports).toHaveLength(5)
  })
})

describe('a record scope alone', () => {
  it('reads the record itself, where it is given the options', async () => {
    const onRecord = withRecordScope((record: Record<string, unknown>) => [variationOf(), payloadOf(record)], {
      flags,
      keys,
    })
    expect(await onRecord(stamped(1, 'canary'))).toEqual(['canary', { id: 1 }])
  })

  it('without options runs the handler on declared defaults', async () => {
    expect(await withRecordScope((_record: unknown) => variationOf())(stamped(1, 'canary'))).toBe('control')
  })
})

describe('a record scope within another of the same record', () => {
  it('is the same one', async () => {
    const inside = withRecordScope((_record: unknown) => variationOf(), { flags, keys })
    const handler = withHonouredDecisions(
      ({ Records }: Batch) => Promise.all(Records.map(withRecordScope((one: unknown) => inside(one)))),
      { flags, keys },
    )
    expect(await handler({ Records: [stamped(1, 'canary')] })).toEqual(['canary'])
    const alone = withRecordScope((one: Record<string, unknown>) => inside(one), { flags, keys })
    expect(await alone(stamped(1, 'canary'))).toBe('canary')
  })
})

describe('scopeRecords', () => {
  it('scopes a processor’s records, and tells the observers of the failures that it reports as entries', async () => {
    const { reports, observer } = watching()
    const seen: string[] = []
    const processor = scopeRecords({
      failureHandler: (record: unknown, error: Error) => ['fail', error.message, record],
      processRecord: async (record: Record<string, unknown>) => {
        seen.push(variationOf())
        return payloadOf(record) === 'bad' ? ['fail', 'bad', record] : ['success', 1, record]
      },
    })
    const handler = withHonouredDecisions(
      ({ Records }: Batch) => Promise.all(Records.map((one) => processor.processRecord(one))),
      { flags, keys, observers: [observer] },
    )
    const entries = (await handler({ Records: [stamped(1, 'canary'), kinesisRecord(2, '"bad"')] })) as unknown[][]
    expect(entries.map(([status]) => status)).toEqual(['success', 'fail'])
    expect(seen).toEqual(['canary', 'control'])
    expect(reports.map((report) => [report.scope.kind, report.outcome])).toEqual([
      ['record', 'succeeded'],
      ['record', 'failed'],
      ['batch', 'succeeded'],
    ])
  })
})
