import { describe, expect, it } from 'vitest'
import {
  createWaybill,
  type ObservedScope,
  observedScope,
  runWithWaybill,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { flags, httpEvent, keys, kinesisRecord } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

describe('the observed scope', () => {
  it('is what the observers were told, inside the handler and inside another waybill there', async () => {
    const told: ObservedScope[] = []
    const observers = [{ begin: (scope: ObservedScope) => void told.push(scope) }]
    const handler = withHonouredDecisions(
      () => [observedScope(), runWithWaybill(createWaybill({ decisions: [] }), () => observedScope())],
      { flags, keys, observers },
    )
    const seen = await handler(httpEvent({ 'x-waybill': tokenFor('canary') }))
    expect(seen[0]).toBe(told[0])
    expect(seen[1]).toBe(told[0])
    expect(told[0]?.subject).toBe('subjectsubject00')
    expect(observedScope()).toBeUndefined()
  })

  it('is a record in a record, and a batch around it that is nobody’s', async () => {
    const onRecord = withRecordScope(async (_record: unknown) => observedScope())
    const handler = withHonouredDecisions(
      async ({ Records }: { Records: unknown[] }) => [observedScope(), await onRecord(Records[0])],
      { flags, keys },
    )
    const [batch, record] = await handler({ Records: [kinesisRecord(1, { _waybill: tokenFor('canary') })] })
    expect([batch?.kind, batch?.subject]).toEqual(['batch', undefined])
    expect([record?.kind, record?.subject]).toEqual(['record', 'subjectsubject00'])
  })
})
