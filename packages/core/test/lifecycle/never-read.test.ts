import { describe, expect, it } from 'vitest'
import {
  createWaybill,
  declareFlags,
  mergeWaybills,
  runWithWaybill,
  withEvaluatedFlags,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { allCountsOf, evenUsers, flags, httpEvent, keys, kinesisRecord, userOf, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

const stamped = httpEvent({ 'x-waybill': tokenFor('canary') })

async function after(run: () => unknown, event: object = stamped): Promise<[unknown, Record<string, number>]> {
  const { reports, observer } = watching()
  const handler = withHonouredDecisions(run, { flags, keys, observers: [observer] })
  await handler(event).catch(() => undefined)
  const [report] = reports
  return [report?.unread.map(({ flag, variation }) => [flag, variation]), allCountsOf(reports)]
}

describe('a decision that came for a declared flag', () => {
  it('and was never read is reported, and counted', async () => {
    expect(await after(() => 'done')).toEqual([[['new-order-flow', 'canary']], { never_read: 1 }])
  })

  it('and was read is not; nor are flags that did not come or are not declared', async () => {
    expect(await after(() => flags.get('new-order-flow'))).toEqual([[], {}])
  })

  it('and was read by another declaration of the same flag is not', async () => {
    const elsewhere = declareFlags({
      'new-order-flow': { variations: { control: false, canary: true }, default: 'control' },
    })
    expect(await after(() => elsewhere.get('new-order-flow'))).toEqual([[], {}])
  })

  it('and was only looked at by an observer is: metrics are not the canary path', async () => {
    const { reports, observer } = watching()
    const looking = { begin: (scope: { observed(): unknown }) => void scope.observed() }
    await withHonouredDecisions(() => 1, { flags, keys, observers: [looking, observer] })(stamped)
    expect(allCountsOf(reports)).toEqual({ never_read: 1 })
  })

  it('is not missed by a function that failed: it may not have come so far', async () => {
    const failing = (): never => {
      throw new Error('boom')
    }
    expect(await after(failing)).toEqual([[], {}])
    expect(await after(() => ({ statusCode: 503 }))).toEqual([[], {}])
  })

  it('is not missed where nothing came, nor is that counted now', async () => {
    expect(await after(() => 1, httpEvent({}))).toEqual([[], {}])
  })

  it('is not missed at the edge, which decides whatever it declares', async () => {
    const { reports, observer } = watching()
    const options = { flags, keys, source: evenUsers, context: userOf, observers: [observer] }
    await withEvaluatedFlags((_event: { userId: string }) => 1, options)({ userId: 'u2' })
    expect([reports[0]?.unread, allCountsOf(reports)]).toEqual([[], {}])
  })

  it('is missed record by record, and not by the batch', async () => {
    const { reports, observer } = watching()
    const onRecord = withRecordScope((record: { eventID?: unknown }) =>
      record.eventID === 'shardId-000:1' ? flags.get('new-order-flow') : 0,
    )
    const handler = withHonouredDecisions(
      ({ Records }: { Records: object[] }) => Promise.all(Records.map((record) => onRecord(record))),
      { flags, keys, observers: [observer] },
    )
    await handler({ Records: [1, 2].map((id) => kinesisRecord(id, { _waybill: tokenFor('canary') })) })
    expect(reports.map(({ scope, unread }) => [scope.kind, unread.length])).toEqual([
      ['record', 0],
      ['record', 1],
      ['batch', 0],
    ])
  })

  it('counts as read when it is read under another waybill within', async () => {
    const other = createWaybill({ decisions: [] })
    expect(await after(() => runWithWaybill(other, () => flags.get('new-order-flow')))).toEqual([[], { undecided: 1 }])
  })
})

describe('a merged waybill', () => {
  const part = (variation: 'control' | 'canary') =>
    createWaybill({ decisions: [{ flag: 'new-order-flow', variation, value: variation === 'canary' }] })
  const merged = mergeWaybills([part('control'), part('canary')], 'omit')
  const agreed = mergeWaybills([part('canary'), part('canary')], 'newest')

  it('is run as it is, and its conflicts are counted where it is run', async () => {
    const run = (): unknown => runWithWaybill(merged, () => flags.detail('new-order-flow').cause)
    expect(await after(run)).toEqual([[], { merge_conflict: 1, undecided: 1 }])
  })

  it('without conflicts counts none', async () => {
    expect(await after(() => runWithWaybill(agreed, () => flags.get('new-order-flow')))).toEqual([[], {}])
    expect(runWithWaybill(agreed, () => flags.get('new-order-flow'))).toBe(true)
  })
})
