import { describe, expect, it } from 'vitest'
import {
  declareFlags,
  type KeySource,
  keyRing,
  withEvaluatedFlags,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { countsOf, httpEvent, keys, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control' },
})
const event = httpEvent({ 'x-waybill': tokenFor('canary') })
const read = (): boolean => flags.get('new-order-flow')
const holding = (isBehind: () => boolean, current = () => keys): KeySource => ({ current, isBehind })
const late = (): boolean => true

describe('a source of keys whose last load failed', () => {
  it('is counted once per invocation, and the keys that it holds are used', async () => {
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(read, { flags, keys: holding(late), observers: [observer] })
    expect(await handler(event)).toBe(true)
    expect(countsOf(reports)).toEqual({ keys_unavailable: 1 })
  })

  it('is counted beside what it means where it holds none', async () => {
    const { reports, observer } = watching()
    const none = holding(late, () => keyRing({}))
    const handler = withHonouredDecisions(read, { flags, keys: none, observers: [observer] })
    expect(await handler(event)).toBe(false)
    expect(countsOf(reports)).toEqual({ keys_unavailable: 1, no_keys: 1, refused: 1 })
  })

  it('is counted once for a whole batch', async () => {
    const { reports, observer } = watching()
    const record = withRecordScope((_record: unknown) => read())
    const batch = { Records: ['a', 'b'].map((messageId) => ({ eventSource: 'aws:sqs', messageId, body: '{}' })) }
    const handler = withHonouredDecisions(
      ({ Records }: typeof batch) => Promise.all(Records.map((one) => record(one))),
      { flags, keys: holding(late), observers: [observer] },
    )
    await handler(batch as never)
    expect(countsOf(reports)).toMatchObject({ keys_unavailable: 1 })
  })

  it('is counted at an edge', async () => {
    const { reports, observer } = watching()
    const source = { decide: () => ({ status: 'live', decisions: [] }) as const }
    const options = { flags, keys: holding(late), source, context: () => ({ key: 'ada' }), observers: [observer] }
    await withEvaluatedFlags(read, options)(httpEvent({}))
    expect(countsOf(reports)).toMatchObject({ keys_unavailable: 1 })
  })

  it('is not counted once a load went well', async () => {
    const { reports, observer } = watching()
    const keySource = holding(() => false)
    await withHonouredDecisions(read, { flags, keys: keySource, observers: [observer] })(event)
    expect(countsOf(reports)).toEqual({})
  })

  it('is taken for one when it cannot even say so', async () => {
    const { reports, observer } = watching()
    const broken = holding(() => {
      throw new Error('no answer')
    })
    expect(await withHonouredDecisions(read, { flags, keys: broken, observers: [observer] })(event)).toBe(true)
    expect(countsOf(reports)).toEqual({ keys_unavailable: 1 })
  })
})
