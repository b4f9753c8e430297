import { beforeEach, describe, expect, it } from 'vitest'
import {
  type CountCode,
  createWaybill,
  currentWaybill,
  declareFlags,
  keyRing,
  type Recall,
  sealToken,
  withDecisions,
  withEvaluatedFlags,
  withHonouredDecisions,
} from '../../src/index.ts'
import { processLedger } from '../../src/ledger.ts'
import { countsOf, evenUsers, flags, httpEvent, keys, otherKeys, userOf, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

// What is read outside a scope waits for the next report: not for another test's.
beforeEach(() => void processLedger.drain())

const read = (): unknown => flags.detail('new-order-flow')

describe('an inner function', () => {
  it('honours what it was handed, and says that it came from elsewhere', async () => {
    const handler = withHonouredDecisions(read, { flags, keys })
    expect(await handler(httpEvent({ 'x-waybill': tokenFor('canary') }))).toMatchObject({
      value: true,
      variation: 'canary',
      version: 7,
      origin: 'propagated',
    })
    expect(await handler(httpEvent({ 'x-waybill': tokenFor('control') }))).toMatchObject({
      value: false,
      origin: 'propagated',
    })
  })

  it('gets its event without the header', async () => {
    const handler = withHonouredDecisions((event: Record<string, unknown>) => event['headers'], { flags, keys })
    expect(await handler(httpEvent({ 'x-waybill': tokenFor('canary'), host: 'h' }))).toEqual({ host: 'h' })
  })

  it('leaves a frozen event alone', async () => {
    const event = Object.freeze({ ...httpEvent({}), headers: Object.freeze({ 'x-waybill': tokenFor('canary') }) })
    expect(await withHonouredDecisions(read, { flags, keys })(event)).toMatchObject({ variation: 'canary' })
    expect(event.headers['x-waybill']).toBeDefined()
  })

  it('keeps flags that it does not declare in the waybill', async () => {
    const handler = withHonouredDecisions(() => [...(currentWaybill()?.decisions.keys() ?? [])], { flags, keys })
    expect(await handler(httpEvent({ 'x-waybill': tokenFor('canary') }))).toEqual(['new-order-flow', 'unknown-here'])
  })

  it('closes its scope: who awaits the handler does not see its decisions', async () => {
    const handler = withHonouredDecisions(read, { flags, keys })
    await handler(httpEvent({ 'x-waybill': tokenFor('canary') }))
    expect(flags.detail('new-order-flow')).toMatchObject({ value: false, cause: 'no_scope' })
    let late: unknown
    let tick: Promise<void> = Promise.resolve()
    const leaving = withHonouredDecisions(
      () => {
        tick = new Promise((resolve) => setTimeout(resolve, 1)).then(() => {
          late = currentWaybill()
        })
      },
      { flags, keys },
    )
    await leaving(httpEvent({ 'x-waybill': tokenFor('canary') }))
    await tick
    expect(late).toBeUndefined()
  })

  it('a timer that outlives the handler reads the default, not a decision that is over', async () => {
    let late: Promise<unknown> = Promise.resolve()
    const handler = withHonouredDecisions(
      () => {
        late = new Promise((resolve) => setTimeout(() => resolve(flags.detail('new-order-flow')), 5))
      },
      { flags, keys },
    )
    await handler(httpEvent({ 'x-waybill': tokenFor('canary') }))
    expect(await late).toMatchObject({ value: false, cause: 'scope_closed' })
  })
})

describe('a token that cannot be believed never stops the handler, and is counted', () => {
  const good = tokenFor('canary')
  const forged = sealToken(
    createWaybill({ decisions: [{ flag: 'new-order-flow', variation: 'canary', value: true }] }),
    otherKeys,
  ).token as string
  const stranger = sealToken(
    createWaybill({ decisions: [] }),
    keyRing({ signing: { id: 'k77', secret: Buffer.alloc(32, 7) } }),
  ).token as string
  const cases: [name: string, header: string | undefined, counts: Partial<Record<CountCode, number>>][] = [
    ['none', undefined, { no_token: 1, undecided: 1 }],
    ['forged', forged, { bad_signature: 1, refused: 1 }],
    ['damaged', good.replace('canary', 'control'), { bad_signature: 1, refused: 1 }],
    ['of an unknown key', stranger, { unknown_key: 1, refused: 1 }],
    ['malformed', 'wb1.nonsense', { malformed: 1, refused: 1 }],
    ['oversized', `wb1.k1.${'a'.repeat(9000)}`, { oversize: 1, refused: 1 }],
    ['twice, joined by a comma', `${good},${good}`, { duplicate: 1, refused: 1 }],
    ['somebody else’s header', 'hello', { malformed: 1, refused: 1 }],
    ['of a newer format', good.replace('wb1', 'wb2'), { unknown_format: 1, undecided: 1 }],
  ]
  it.each(cases)('%s', async (_name, header, counts) => {
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(() => flags.get('new-order-flow'), { flags, keys, observers: [observer] })
    expect(await handler(httpEvent(header === undefined ? {} : { 'x-waybill': header }))).toBe(false)
    expect(countsOf(reports)).toEqual(counts)
  })

  it('says so where the policy is to throw', async () => {
    const handler = withHonouredDecisions(() => 1, { flags, keys, undecided: 'throw' })
    await expect(handler(httpEvent({}))).rejects.toMatchObject({ code: 'undecided' })
    expect(await handler(httpEvent({ 'x-waybill': good }))).toBe(1)
  })

  it('events that are no objects pass through as they are', async () => {
    const handler = withHonouredDecisions((event: unknown) => event, { flags, keys })
    for (const event of [undefined, null, 'text', 42, [], ['a'], {}]) expect(await handler(event)).toEqual(event)
  })
})

describe('age and recall', () => {
  const aged = declareFlags({
    'new-order-flow': { variations: { control: false, canary: true }, default: 'control', maxAgeSeconds: 60 },
  })
  const recallable = declareFlags({
    'new-order-flow': { variations: { control: false, canary: true }, default: 'control', inFlight: 'recall' },
  })
  const recall = (upToVersion: number): { current(): readonly Recall[] } => ({
    current: () => [{ flag: 'new-order-flow', upToVersion, to: 'control' }],
  })

  it('a decision older than the flag allows gives way to the default', async () => {
    const at = (seconds: number) => ({ flags: aged, keys, nowMs: () => seconds * 1000 })
    const event = httpEvent({ 'x-waybill': tokenFor('canary', 1_000_000) })
    const young = withHonouredDecisions(() => aged.get('new-order-flow'), at(1_000_060))
    const old = withHonouredDecisions(() => aged.detail('new-order-flow'), at(1_000_061))
    expect(await young(event)).toBe(true)
    expect(await old(event)).toMatchObject({ value: false, cause: 'expired' })
  })

  it('a recall reaches decisions up to its version, where the flag says so', async () => {
    const event = httpEvent({ 'x-waybill': tokenFor('canary') })
    const { reports, observer } = watching()
    const run = (declared: typeof recallable, upToVersion: number) =>
      withHonouredDecisions(() => declared.detail('new-order-flow'), {
        flags: declared,
        keys,
        recalls: recall(upToVersion),
        observers: [observer],
      })(event)
    expect(await run(recallable, 7)).toMatchObject({ value: false, origin: 'recalled', reason: 'RECALL' })
    expect(await run(recallable, 6)).toMatchObject({ value: true, origin: 'propagated' })
    expect(await run(flags as never, 7)).toMatchObject({ value: true, origin: 'propagated' })
    expect(countsOf(reports)).toEqual({ recalled: 1 })
  })
})

describe('withDecisions', () => {
  it('forces a variation through a handler’s own lifecycle', async () => {
    const inner = withHonouredDecisions(() => flags.get('new-order-flow'), { flags, keys })
    const edge = withEvaluatedFlags((_e: { userId: string }) => flags.get('new-order-flow'), {
      flags,
      keys,
      source: evenUsers,
      context: userOf,
    })
    expect(await withDecisions({ 'new-order-flow': 'canary' }, () => inner(httpEvent({})))).toBe(true)
    expect(await withDecisions({ 'new-order-flow': 'control' }, () => edge({ userId: 'u2' }))).toBe(false)
    expect(withDecisions({ 'new-order-flow': 'canary' }, () => flags.get('new-order-flow'))).toBe(true)
    expect(withDecisions({}, () => flags.get('new-order-flow'))).toBe(false)
  })

  it('names the variations there are when a test asks for another', () => {
    expect(() => withDecisions({ 'new-order-flow': 'beta' }, () => flags.get('new-order-flow'))).toThrow(
      /no variation "beta", only control, canary/,
    )
  })
})
