import middy from '@middy/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import {
  acceptOverrides,
  inboundModes,
  type PinStore,
  pinDecisions,
  sealOverride,
  stampEvent,
  withRecordScope,
} from '@waybill/core'
import { describe, expect, test } from 'vitest'
import { evaluateFlags } from '../src/evaluate-flags.ts'
import { honourDecisions } from '../src/honour-decisions.ts'
import { canaryForAll, flags, keys, lambdaContext, notebook, ofUser, pause, tokenOf } from './fixture.ts'

const edge = { flags, keys, source: canaryForAll, context: ofUser }
const detail = () => flags.detail('new-order-flow')

/** A request of a user, with whatever came in the header. */
const request = (userId: string, token: string) => ({
  requestContext: { http: {} },
  headers: { 'x-waybill': token },
  userId,
})

interface Queued {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[]
}
type Message = Queued['Records'][number]

const queued = (...users: string[]): Queued => ({
  Records: users.map((user) => ({ eventSource: 'aws:sqs', messageId: `m-${user}`, body: user })),
})

describe('evaluateFlags', () => {
  test('decides for each message of a queue, by that message', async () => {
    const onRecord = withRecordScope(async (_record: Message) => {
      await pause()
      return [detail().variation, stampEvent({})._waybill?.includes(keys.fingerprint('ada') ?? '')]
    })
    const handler = middy(async ({ Records }: Queued) => Promise.all(Records.map((record) => onRecord(record)))).use(
      evaluateFlags<Queued>({ ...edge, context: ({ body }: Message) => ({ key: body }) }),
    )
    expect(await handler(queued('ada', 'bob'), lambdaContext)).toEqual([
      ['canary', true],
      ['canary', false],
    ])
  })

  test('honours where its mode says so, and then decides nothing', async () => {
    const modes = inboundModes({ http: 'honour-or-evaluate' })
    const handler = middy(async (_event: ReturnType<typeof request>) => [detail().variation, detail().origin]).use(
      evaluateFlags({ ...edge, modes }),
    )
    const token = tokenOf('control', keys.fingerprint('ada'))
    expect(await handler(request('ada', token), lambdaContext)).toEqual(['control', 'propagated'])
    expect(await handler(request('bob', token), lambdaContext)).toEqual(['canary', 'evaluated'])
  })

  test('gives a repeated request the decisions of its first attempt, while the store takes its time', async () => {
    let kept: string | undefined
    const store: PinStore = {
      claim: async (_key, token) => {
        await pause()
        const first = kept
        kept ??= token
        return first
      },
    }
    const pin = pinDecisions({ key: (event: { userId: string }) => event.userId, store, ttlSeconds: 60 })
    const read = async (_event: { userId: string }) => [detail().variation, detail().origin]
    const first = middy(read).use(evaluateFlags({ ...edge, pin }))
    const again = middy(read).use(
      evaluateFlags({ ...edge, pin, source: { decide: () => ({ status: 'unavailable' }) } }),
    )
    expect(await first({ userId: 'ada' }, lambdaContext)).toEqual(['canary', 'evaluated'])
    expect(await again({ userId: 'ada' }, lambdaContext)).toEqual(['canary', 'propagated'])
  })

  test('lets a tester decide, and shows nobody the token', async () => {
    const token = sealOverride(
      { context: { key: 'ada' }, decisions: { 'new-order-flow': 'control' }, ttlSeconds: 60 },
      keys,
    )
    const overrides = acceptOverrides({ flags: ['new-order-flow'] })
    const handler = middy(async (event: ReturnType<typeof request>) => [detail().reason, event.headers]).use(
      evaluateFlags({ ...edge, overrides }),
    )
    expect(await handler(request('ada', token), lambdaContext)).toEqual(['OVERRIDE', {}])
    expect(await handler(request('bob', token), lambdaContext)).toEqual(['FALLTHROUGH', {}])
  })
})

describe('honourDecisions', () => {
  const forged = tokenOf('canary').replace('canary', 'control')

  test('throws for what it refuses where the policy says so, which an error handler answers', async () => {
    const observer = notebook()
    const handler = middy(async (_event: object) => 'handled')
      .use({
        onError: (failed) => {
          failed.response = (failed.error as { code?: string } | null)?.code as never
        },
      })
      .use(honourDecisions({ flags, keys, onRefused: 'throw', observers: [observer] }))
    expect(await handler(request('ada', forged), lambdaContext)).toBe('refused')
    expect(observer.reports[0]?.counts.get('bad_signature')).toBe(1)
  })

  test('knows whose request it is before a parser makes something else of it', async () => {
    const event = (token: string) => ({
      requestContext: { http: {} },
      headers: { 'Content-Type': 'application/json', 'x-waybill': token },
      body: '{"user":"ada"}',
    })
    const handler = middy(async (_event: object) => detail().variation)
      .use(honourDecisions({ flags, keys, subject: ({ body }: { body: string }) => ({ key: JSON.parse(body).user }) }))
      .use(httpJsonBodyParser() as middy.MiddlewareObj)
    expect(await handler(event(tokenOf('canary', keys.fingerprint('ada'))), lambdaContext)).toBe('canary')
    expect(await handler(event(tokenOf('canary', keys.fingerprint('bob'))), lambdaContext)).toBe('control')
  })
})
