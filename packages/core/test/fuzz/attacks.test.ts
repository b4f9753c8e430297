import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  currentWaybill,
  keyRing,
  openToken,
  stampClient,
  stampFetch,
  withEvaluatedFlags,
  withHonouredDecisions,
} from '../../src/index.ts'
import { simulatedClient } from '../model/sdk.ts'
import { countsOf, evenUsers, flags, httpEvent, keys, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

/*
 * Attacks of docs/security.md that no other test tries from end to end. Those that have one are named there.
 */
afterEach(() => {
  vi.restoreAllMocks()
})

const token = tokenFor('canary')

/** Runs `send` in the scope of a request that came with a genuine token. */
function inScope<R>(send: () => Promise<R>): Promise<R> {
  return withHonouredDecisions(send, { flags, keys })(httpEvent({ 'x-waybill': token }))
}

describe('a look-alike of a named origin gets no token', () => {
  const named = 'https://prices.internal'

  it.each([
    'https://prices.internal.evil.example/quote',
    'https://prices.internal@evil.example/quote',
    'https://evil.example/https://prices.internal',
    'https://evil.example/?https://prices.internal',
    'https://evil.example#https://prices.internal',
    'https://xprices.internal/quote',
    'https://prices-internal/quote',
    'https://prices.internal:8443/quote',
    'http://prices.internal/quote',
    'https://prıces.internal/quote',
    'https://prices.internal./quote',
    'https:\\\\evil.example\\prices.internal',
  ])('%s', async (url) => {
    let sent: string | null | undefined
    const fetch = stampFetch(
      async (_input, init) => {
        sent = new Headers(init?.headers).get('x-waybill')
        return new Response()
      },
      { propagateTo: [named] },
    )
    await inScope(() => fetch(url))
    expect(sent).toBeNull()
    await inScope(() => fetch(`${named}/quote`))
    expect(sent).toBe(token)
  })
})

describe('a target whose name is like a named one gets no stamp', () => {
  it.each([
    ['order-events', 'order-events-copy'],
    ['order-events', 'x-order-events'],
    ['order-events', 'order-events/x'],
    ['order-events', 'Order-Events'],
    ['arn:aws:kinesis:eu-west-1:111111111111:stream/orders', 'arn:aws:kinesis:eu-west-1:222222222222:stream/orders'],
  ])('%s is named, %s is sent to', async (named, StreamName) => {
    const sent: unknown[] = []
    const client = simulatedClient('Kinesis', async ({ input }) => void sent.push(input['Data']))
    const kinesis = stampClient(client, { to: [named] })
    const send = (target: string) => () =>
      kinesis.send({ name: 'PutRecordCommand', input: { StreamName: target, Data: Buffer.from('{}') } })
    await inScope(send(StreamName))
    await inScope(send(named))
    expect(sent.map(String)).toEqual(['{}', `{"_waybill":"${token}"}`])
  })
})

describe('who the user is', () => {
  it('stands in nothing that is sent, said or reported', async () => {
    const [id, name] = ['ada@example.com', 'Ada Lovelace']
    const said: string[] = []
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation((...line) => void said.push(line.map(String).join(' ')))
    }
    const { reports, observer } = watching()
    const client = stampClient(
      simulatedClient('Kinesis', async ({ input }) => void said.push(String(input['Data']))),
      { to: ['s'] },
    )
    const edge = (keyed: typeof keys, seen: typeof observer | undefined) =>
      withEvaluatedFlags(
        async () => {
          flags.get('new-order-flow')
          said.push(inspect(currentWaybill(), { depth: 9 }), JSON.stringify(currentWaybill()))
          await client.send({ name: 'PutRecordCommand', input: { StreamName: 's', Data: Buffer.from('{}') } })
          await client.send({ name: 'PutRecordCommand', input: { StreamName: 's', Data: Buffer.from('[1]') } })
        },
        {
          flags,
          keys: keyed,
          source: evenUsers,
          context: () => ({ key: id, name }),
          observers: seen === undefined ? [] : [seen],
        },
      )
    await edge(keys, observer)(httpEvent({ 'x-waybill': 'a stranger’s' }))
    // Without an observer losses are said on the console.
    await edge(keyRing({}), undefined)(httpEvent({}))
    said.push(inspect(reports, { depth: 9 }))
    expect(said.some((line) => line.includes('_waybill'))).toBe(true)
    expect(said.some((line) => line.includes('"level":"WARN"'))).toBe(true)
    for (const text of [
      id,
      name,
      'ada',
      'Ada',
      Buffer.from(id).toString('base64url'),
      Buffer.from(id).toString('hex'),
    ]) {
      expect(said.filter((line) => line.includes(text))).toEqual([])
    }
  })

  it('nor does a token that was refused, which may be a secret of somebody else’s', async () => {
    const said: string[] = []
    vi.spyOn(console, 'warn').mockImplementation((...line) => void said.push(line.map(String).join(' ')))
    const { reports, observer } = watching()
    const secret = 'eyJhbGciOiJub25lIn0.secret-of-another-system.sig'
    for (const observers of [[], [observer]]) {
      const handler = withHonouredDecisions(() => flags.get('new-order-flow'), { flags, keys, observers })
      await handler(httpEvent({ 'x-waybill': secret }))
      await handler(httpEvent({ 'x-waybill': `${token}x` }))
    }
    const all = `${said.join()}${inspect(reports, { depth: 9 })}`
    expect(countsOf(reports)).toMatchObject({ malformed: 1, bad_signature: 1 })
    expect(all).not.toContain('secret-of-another-system')
    expect(all).not.toContain(token.slice(-22))
  })
})

it('a token of one deployment is none in another, although both name their keys alike', () => {
  const ours = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 200) } })
  expect(openToken(token, ours)).toEqual({ refusal: 'bad_signature' })
})
