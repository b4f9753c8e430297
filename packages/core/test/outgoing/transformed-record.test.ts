import { describe, expect, it } from 'vitest'
import { openToken, stampEvent, transformedRecord, withHonouredDecisions, withRecordScope } from '../../src/index.ts'
import { countsOf, flags, keys, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

interface FirehoseRecord {
  readonly recordId: string
  readonly data: string
}

const token = tokenFor('canary')
const base64 = (data: string | Uint8Array): string => Buffer.from(data as string).toString('base64')
const textOf = ({ data }: { data: string }): string => Buffer.from(data, 'base64').toString()

/** Runs one record through a transformation that `transform` writes. */
async function through<R>(
  transform: (record: FirehoseRecord) => R,
  data = `{"id":1,"_waybill":"${token}"}\n`,
): Promise<{ readonly result: R; readonly counts: Record<string, number> }> {
  const { reports, observer } = watching()
  const onRecord = withRecordScope(async (record: FirehoseRecord) => transform(record))
  const handler = withHonouredDecisions(
    (event: { records: readonly FirehoseRecord[] }) => Promise.all(event.records.map((record) => onRecord(record))),
    { flags, keys, observers: [observer] },
  )
  const [result] = await handler({ records: [{ recordId: 'r-1', data: base64(data) }] })
  return { result: result as R, counts: countsOf(reports) }
}

describe('a record that a transformation hands back to Firehose', () => {
  it('is delivered without its stamp: what goes to a bucket or a warehouse is as it was put', async () => {
    const { result } = await through((record) => transformedRecord(record, Buffer.from(record.data, 'base64')))
    expect(result).toEqual({ recordId: 'r-1', result: 'Ok', data: base64('{"id":1}\n') })
  })

  it('is one line of JSON where an object is handed back, with the variation that the record came with', async () => {
    const { result } = await through((record) =>
      transformedRecord(record, { id: 1, flow: flags.get('new-order-flow') }),
    )
    expect(textOf(result)).toBe('{"id":1,"flow":true}\n')
  })

  it('keeps the readable block of a stamped event, and not its token', async () => {
    const { result } = await through((record) => transformedRecord(record, stampEvent({ id: 1 })))
    expect(JSON.parse(textOf(result))).toMatchObject({ _decisions: { 'new-order-flow': { variation: 'canary' } } })
    expect(textOf(result)).not.toContain(token)
  })

  it('keeps the stamp where that is asked for, before the newline', async () => {
    const { result, counts } = await through((record) => transformedRecord(record, '{"id":2}\n', { stamp: true }))
    expect(textOf(result)).toBe(`{"id":2,"_waybill":"${token}"}\n`)
    expect(openToken(JSON.parse(textOf(result))._waybill, keys)).toHaveProperty('waybill')
    expect(counts).toEqual({})
  })

  it('keeps a stamp that is there, and what is no JSON object as it is, counted', async () => {
    const mine = '{"_waybill":"mine"}'
    const kept = await through((record) => transformedRecord(record, mine, { stamp: true }))
    expect(textOf(kept.result)).toBe(mine)
    expect(kept.counts).toEqual({ already_stamped: 1 })
    const lines = await through((record) => transformedRecord(record, 'a,b\n', { stamp: true }))
    expect(textOf(lines.result)).toBe('a,b\n')
    expect(lines.counts).toEqual({ uncarried: 1 })
  })

  it('keeps bytes that are no text', async () => {
    for (const stamp of [false, true]) {
      const { result } = await through((record) => transformedRecord(record, Buffer.from([0x7b, 0xff, 0]), { stamp }))
      expect(result.data).toBe(base64(Buffer.from([0x7b, 0xff, 0])))
    }
  })

  it('has no stamp to keep where none came, nor outside any scope', async () => {
    const { result, counts } = await through((record) => transformedRecord(record, '{}', { stamp: true }), '{"id":1}\n')
    expect(textOf(result)).toBe('{}')
    expect(counts).toEqual({ no_token: 1 })
    expect(textOf(transformedRecord({ recordId: 'r' }, '{}', { stamp: true }))).toBe('{}')
  })
})
