import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createWaybill,
  keyRing,
  openToken,
  type ReadableDecision,
  runWithWaybill,
  sealToken,
  stampEvent,
  verifyEvent,
  type Waybill,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { processLedger } from '../../src/ledger.ts'
import { countsOf, flags, httpEvent, keys, kinesisRecord, otherKeys, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

interface Stamped {
  readonly orderId: string
  readonly _decisions: Record<string, ReadableDecision>
  readonly _waybill: string
}

/** An order event as it is when it has been stored and read again. */
async function stamped(token = tokenFor('canary'), budgetBytes?: number): Promise<Stamped> {
  const options = { flags, keys, ...(budgetBytes === undefined ? {} : { budgetBytes }) }
  const event = await withHonouredDecisions(
    () => stampEvent({ orderId: 'o-1' }),
    options,
  )(httpEvent({ 'x-waybill': token }))
  return JSON.parse(JSON.stringify(event)) as Stamped
}

function sealed(waybill: Waybill): string {
  return sealToken(waybill, keys).token ?? ''
}

describe('an event that is verified', () => {
  it('comes back as it was before it was stamped, with its decisions', async () => {
    const { event, waybill, refusal } = verifyEvent(Object.freeze(await stamped()), { keys })
    expect(event).toEqual({ orderId: 'o-1' })
    expect(waybill?.decisions.get('new-order-flow')).toMatchObject({ variation: 'canary', version: 7, value: true })
    expect(refusal).toBeUndefined()
  })

  it.each<[string, (event: Stamped) => object, string]>([
    ['without a token', ({ _waybill, ...event }) => event, 'no_token'],
    ['with a token that is no text', (event) => ({ ...event, _waybill: 7 }), 'malformed'],
    ['with a forged token', (event) => ({ ...event, _waybill: `${event._waybill.slice(0, -1)}_` }), 'bad_signature'],
    ['that claims nothing of a flag in its token', (event) => ({ ...event, _decisions: {} }), 'claim_mismatch'],
    ['whose claims are no object', (event) => ({ ...event, _decisions: ['canary'] }), 'claim_mismatch'],
    ['whose claims are null', (event) => ({ ...event, _decisions: null }), 'claim_mismatch'],
    [
      'that claims one flag more than its token',
      (event) => ({ ...event, _decisions: { ...event._decisions, more: event._decisions['new-order-flow'] } }),
      'claim_mismatch',
    ],
    [
      'that claims another flag in the place of one',
      ({ _decisions: { 'new-order-flow': one, ...rest }, ...event }) => ({ ...event, _decisions: { ...rest, x: one } }),
      'claim_mismatch',
    ],
  ])('is refused %s', async (_, change, refusal) => {
    processLedger.drain()
    const result = verifyEvent(change(await stamped()), { keys })
    expect(result).toEqual({ event: { orderId: 'o-1' }, refusal })
    expect([...processLedger.drain()]).toEqual([[refusal, 1]])
    const changed = change(await stamped())
    expect(() => verifyEvent(changed, { keys, onRefused: 'throw' })).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringContaining(refusal) }),
    )
  })

  it('is refused whenever any claimed variation, version or reason is changed', async () => {
    const decision = fc.record({
      flag: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'a.b'), fc.string({ minLength: 1, maxLength: 8 })),
      variation: fc.string({ minLength: 1, maxLength: 8 }),
      version: fc.nat(),
      reason: fc.constantFrom('OFF', 'FALLTHROUGH', 'RULE_MATCH', 'DEFAULT', 'OVERRIDE', 'PROVIDER'),
      value: fc.boolean(),
    })
    const decisions = fc.uniqueArray(decision, { minLength: 1, maxLength: 6, selector: ({ flag }) => flag })
    const change = fc.record({
      index: fc.nat(),
      field: fc.constantFrom('variation', 'version', 'reason'),
      to: fc.oneof(fc.string(), fc.integer(), fc.constantFrom(null, true, undefined, 'canary', 'OFF', [], {})),
    })
    fc.assert(
      fc.property(decisions, change, (all, { index, field, to }) => {
        const waybill = createWaybill({ decisions: all as never })
        const token = sealed(waybill)
        const read = openToken(token, keys) as { readonly waybill: Waybill }
        const event = runWithWaybill(read.waybill, () => stampEvent({ orderId: 'o-1' })) as unknown as Stamped
        const stored = JSON.parse(JSON.stringify(event)) as Stamped
        expect(stored._waybill).toBe(token)
        expect(verifyEvent(stored, { keys })).toHaveProperty('waybill')
        const { flag = '' } = all[index % all.length] ?? {}
        const claim = Object.entries(stored._decisions).find(([key]) => key === flag)?.[1] as unknown as Record<
          string,
          unknown
        >
        fc.pre(claim[field] !== to)
        claim[field] = to
        expect(verifyEvent(stored, { keys })).toEqual({ event: { orderId: 'o-1' }, refusal: 'claim_mismatch' })
      }),
      { numRuns: 500 },
    )
  })

  it('is believed without readable claims: it claims nothing', async () => {
    const { _decisions, ...event } = await stamped()
    expect(verifyEvent(event, { keys })).toMatchObject({ event: { orderId: 'o-1' }, waybill: { droppedCount: 0 } })
  })

  it('claims no more than its token where decisions were shed', async () => {
    const decisions = Array.from({ length: 100 }, (_, index) => ({
      flag: `flag-${String(index).padStart(3, '0')}`,
      variation: 'canary',
      value: true,
    }))
    const waybill = createWaybill({ decisions })
    const handler = withHonouredDecisions(() => runWithWaybill(waybill, () => stampEvent({ orderId: 'o-1' })), {
      flags,
      keys,
    })
    const event = (await handler(httpEvent({}))) as unknown as Stamped
    const { waybill: proven } = verifyEvent(event, { keys })
    expect(proven?.droppedCount).toBeGreaterThan(0)
    expect(Object.keys(event._decisions).length).toBe(proven?.decisions.size)
  })

  it('is held to its subject, audience and age', async () => {
    const event = await stamped()
    expect(verifyEvent(event, { keys, subject: 'subjectsubject00' })).toHaveProperty('waybill')
    expect(verifyEvent(event, { keys, subject: 'somebodyelse0000' }).refusal).toBe('wrong_subject')
    expect(verifyEvent(event, { keys, audience: 'payments' }).refusal).toBe('wrong_audience')
    const later = () => Date.now() + 61_000
    expect(verifyEvent(event, { keys, maxAgeSeconds: 60, nowMs: later }).refusal).toBe('expired')
    expect(verifyEvent(event, { keys, maxAgeSeconds: 120, nowMs: later })).toHaveProperty('waybill')
  })

  it('needs keys: those given, or those of the scope', async () => {
    const event = await stamped()
    expect(verifyEvent(event).refusal).toBe('no_keys')
    expect(verifyEvent(event, { keys: otherKeys }).refusal).toBe('bad_signature')
    expect(verifyEvent(event, { keys: keyRing({}) }).refusal).toBe('no_keys')
    expect(verifyEvent(event, { keys: { current: () => keys } })).toHaveProperty('waybill')
    const { reports, observer } = watching()
    const inScope = withHonouredDecisions(
      () => [verifyEvent(event), verifyEvent({ ...event, _decisions: {} }).refusal] as const,
      { flags, keys, observers: [observer] },
    )
    const [good, bad] = await inScope(httpEvent({}))
    expect(good).toHaveProperty('waybill')
    expect(bad).toBe('claim_mismatch')
    expect(countsOf(reports)).toMatchObject({ claim_mismatch: 1 })
  })
})

describe('an event that came in a record, whose token the lifecycle has taken', () => {
  const consume = async (payload: object): Promise<unknown> => {
    const onRecord = withRecordScope(async (record: { kinesis: { data: string } }) =>
      verifyEvent(JSON.parse(Buffer.from(record.kinesis.data, 'base64').toString()) as object),
    )
    const handler = (event: { Records: { kinesis: { data: string } }[] }) =>
      Promise.all(event.Records.map((r) => onRecord(r)))
    const Records = [kinesisRecord(1, payload)] as never
    const [result] = await withHonouredDecisions(handler, { flags, keys })({ Records })
    return result
  }

  it('is held to the token of its record', async () => {
    const event = await stamped()
    expect(await consume(event)).toMatchObject({ event: { orderId: 'o-1' }, waybill: { subject: 'subjectsubject00' } })
    const forged = {
      ...event._decisions,
      'new-order-flow': { variation: 'control', version: 7, reason: 'FALLTHROUGH' },
    }
    expect(await consume({ ...event, _decisions: forged })).toEqual({
      event: { orderId: 'o-1' },
      refusal: 'claim_mismatch',
    })
  })

  it('is not proven by another record, nor by a token that was refused', async () => {
    const { _waybill, ...event } = await stamped()
    expect(await consume(event)).toMatchObject({ refusal: 'no_token' })
    expect(await consume({ ...event, _waybill: `${_waybill}x` })).toMatchObject({ refusal: 'no_token' })
  })

  it('is not proven by decisions that were made here', async () => {
    const { _waybill, ...event } = await stamped()
    const made = createWaybill({
      decisions: [{ flag: 'new-order-flow', variation: 'canary', value: true, version: 7 }],
    })
    expect(runWithWaybill(made, () => verifyEvent(event, { keys })).refusal).toBe('no_token')
  })
})
