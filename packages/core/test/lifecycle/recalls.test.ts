import { describe, expect, it } from 'vitest'
import {
  declareFlags,
  type Recall,
  type RecallSource,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { countsOf, httpEvent, keys, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control', inFlight: 'recall' },
})
const event = httpEvent({ 'x-waybill': tokenFor('canary') })
const read = (): unknown => flags.detail('new-order-flow')
const ordering = (recall: Omit<Recall, 'flag' | 'upToVersion'>): RecallSource => ({
  current: () => [{ flag: 'new-order-flow', upToVersion: 7, ...recall }],
})

describe('a recall of a flag whose variations have no names in the flag data', () => {
  it('finds the declared variation by its value', async () => {
    const toCanary = tokenFor('control')
    const recalls = ordering({ to: 'true', value: true })
    const handler = withHonouredDecisions(read, { flags, keys, recalls })
    expect(await handler(httpEvent({ 'x-waybill': toCanary }))).toMatchObject({
      variation: 'canary',
      value: true,
      origin: 'recalled',
    })
  })

  it('goes by the name where that is declared', async () => {
    const handler = withHonouredDecisions(read, { flags, keys, recalls: ordering({ to: 'control', value: true }) })
    expect(await handler(event)).toMatchObject({ variation: 'control', value: false })
  })

  it('leads to the declared default, counted, where neither is declared', async () => {
    const { reports, observer } = watching()
    const recalls = ordering({ to: 'v2', value: 'other' })
    const handler = withHonouredDecisions(read, { flags, keys, recalls, observers: [observer] })
    expect(await handler(event)).toMatchObject({ variation: 'control', origin: 'default' })
    expect(countsOf(reports)).toEqual({ undeclared_variation: 1 })
  })
})

describe('a source that cannot read recalls', () => {
  const behind: RecallSource = { ...ordering({ to: 'control' }), isBehind: () => true }

  it('is counted once per invocation, and what it knows is followed', async () => {
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(read, { flags, keys, recalls: behind, observers: [observer] })
    expect(await handler(event)).toMatchObject({ origin: 'recalled' })
    expect(countsOf(reports)).toEqual({ recalled: 1, recalls_unavailable: 1 })
  })

  it('is counted once for a whole batch', async () => {
    const { reports, observer } = watching()
    const record = withRecordScope((_record: unknown) => flags.get('new-order-flow'))
    const batch = { Records: ['a', 'b'].map((messageId) => ({ eventSource: 'aws:sqs', messageId, body: '{}' })) }
    const handler = withHonouredDecisions(
      ({ Records }: typeof batch) => Promise.all(Records.map((one) => record(one))),
      { flags, keys, recalls: behind, observers: [observer] },
    )
    await handler(batch as never)
    expect(countsOf(reports)).toMatchObject({ recalls_unavailable: 1 })
  })
})
