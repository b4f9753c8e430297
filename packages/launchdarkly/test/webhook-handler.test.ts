import { createHmac } from 'node:crypto'
import { FlagDataError } from '@waybill/flags'
import { describe, expect, it } from 'vitest'
import { webhookHandler } from '../src/webhook-handler.ts'
import type { WebhookRequest } from '../src/webhook-request.ts'
import { bool, delivered, failing, SECRET, scene, versionsIn } from './service.ts'

const at = scene()
const handlerOf = (options: Partial<Parameters<typeof webhookHandler>[0]> = {}) =>
  webhookHandler({ ...at.options, secret: SECRET, ...options })
const said = ({ body }: { readonly body: string }) => JSON.parse(body) as Readonly<Record<string, unknown>>
const signatureOf = (body: string, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex')

describe('a webhook that is signed', () => {
  it('brings its change into the store, and answers what changed', async () => {
    const handler = handlerOf()
    await handler(delivered(at.service.webhook({ kind: 'flag' })))
    const response = await handler(delivered(at.service.save('flags', bool('a', false))))
    expect(response).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/json' } })
    expect(said(response)).toMatchObject({
      code: 'synced',
      changes: [{ key: 'a', before: 1, after: 2 }],
      notOwned: [],
      unwritten: [],
    })
    expect((await at.store.get('features', 'a'))?.on).toBe(false)
  })

  it('is taken late, twice and out of order for what is so now', async () => {
    const handler = handlerOf()
    const webhooks = [
      at.service.save('flags', bool('a', false)),
      at.service.save('flags', bool('a', true)),
      at.service.remove('flags', 'b'),
      at.service.save('flags', bool('c')),
    ]
    for (const webhook of [...webhooks.toReversed(), ...webhooks]) {
      expect((await handler(delivered(webhook))).statusCode).toBe(200)
    }
    expect(await versionsIn(at.store)).toEqual({ a: 3, c: 1, s: 1 })
    expect((await at.store.get('features', 'a'))?.on).toBe(true)
  })

  it.each<[string, (body: string, signature: string) => WebhookRequest]>([
    ['a function URL or HTTP API', (body, signature) => ({ headers: { 'x-ld-signature': signature }, body })],
    [
      'a REST API',
      (body, signature) => ({
        headers: { 'X-LD-Signature': signature },
        multiValueHeaders: { 'X-LD-Signature': [signature] },
        body,
      }),
    ],
    [
      'a load balancer with multi-value headers',
      (body, signature) => ({ multiValueHeaders: { 'x-ld-signature': [signature] }, body }),
    ],
    [
      'one that encodes bodies',
      (body, signature) => ({
        headers: { 'x-ld-signature': signature.toUpperCase() },
        body: Buffer.from(body).toString('base64'),
        isBase64Encoded: true,
      }),
    ],
  ])('is understood as it comes from %s', async (_from, request) => {
    const body = JSON.stringify({ kind: 'flag', name: 'Grüße 🚚' })
    const response = await handlerOf()(request(body, signatureOf(body)))
    expect([response.statusCode, said(response)['code']]).toEqual([200, 'synced'])
  })

  it('is answered at once, without a word to LaunchDarkly, when it changes no flag', async () => {
    const handler = handlerOf({ sdkKey: () => Promise.reject(new Error('not asked')) })
    for (const kind of ['member', 'token', 'metric', 'webhook']) {
      const response = await handler(delivered(at.service.webhook({ kind })))
      expect([response.statusCode, said(response)]).toEqual([200, { code: 'nothing_to_do' }])
    }
    expect(at.service.requests).toEqual([])
  })

  it('starts a sync in doubt, and as the user decides', async () => {
    const mine = handlerOf({
      changesFlags: ({ accesses = [] }) => accesses.some(({ resource = '' }) => resource.includes('env/production:')),
    })
    const codeOf = async (handler: typeof mine, entry: object) =>
      said(await handler(delivered(at.service.webhook(entry as never))))['code']
    expect(await codeOf(handlerOf(), { kind: 'something-new' })).toBe('synced')
    expect(await codeOf(handlerOf(), {})).toBe('synced')
    expect(await codeOf(mine, { kind: 'flag', accesses: [{ resource: 'proj/p:env/production:flag/a' }] })).toBe(
      'synced',
    )
    expect(await codeOf(mine, { kind: 'flag', accesses: [{ resource: 'proj/p:env/test:flag/a' }] })).toBe(
      'nothing_to_do',
    )
    expect(await codeOf(mine, { kind: 'flag', accesses: 'no list' })).toBe('synced')
  })

  it('shares a sync with all that come during one', async () => {
    const handler = handlerOf()
    const burst = Array.from({ length: 20 }, (_, n) => handler(delivered(at.service.save('flags', bool(`f${n}`)))))
    const responses = await Promise.all(burst)
    expect(new Set(responses.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
    expect(at.service.requests).toEqual(['/all', '/all'])
    expect(Object.keys((await at.store.readAll())?.flags ?? {})).toHaveLength(22)
  })
})

describe('a webhook that is not', () => {
  const body = '{"kind":"flag"}'
  const good = signatureOf(body)
  it.each<[string, WebhookRequest]>([
    ['has no signature', { headers: {}, body }],
    ['has no headers', { body }],
    ['is signed with another secret', { headers: { 'x-ld-signature': signatureOf(body, 'other') }, body }],
    ['was changed on the way', { headers: { 'x-ld-signature': good }, body: '{"kind":"flag" }' }],
    ['lost its body', { headers: { 'x-ld-signature': good }, body: null }],
    ['has half a signature', { headers: { 'x-ld-signature': good.slice(0, 32) }, body }],
    ['has more than a signature', { headers: { 'x-ld-signature': `${good}00` }, body }],
    ['has an empty signature', { headers: { 'x-ld-signature': '' }, body }],
    ['has no hexadecimal signature', { headers: { 'x-ld-signature': 'z'.repeat(64) }, body }],
    ['has two signatures', { headers: { 'x-ld-signature': good, 'X-LD-Signature': signatureOf('x') }, body }],
    ['says that it is encoded', { headers: { 'x-ld-signature': good }, body, isBase64Encoded: true }],
  ])('is refused when it %s, without a word why', async (_what, request) => {
    const response = await handlerOf()(request)
    expect([response.statusCode, response.body]).toEqual([401, '{"code":"unauthorized"}'])
    expect(at.service.requests).toEqual([])
    expect(await at.store.readAll()).toBeUndefined()
  })

  it('is logged once, however often it comes, without what it was compared with', async () => {
    const handler = handlerOf()
    for (let n = 0; n < 5; n += 1) await handler({ headers: { 'x-ld-signature': 'f'.repeat(64) }, body })
    expect(at.lines.map((line) => JSON.parse(line).code)).toEqual(['launchdarkly_webhook_refused'])
    expect(at.lines[0]).not.toContain(SECRET)
    expect(at.lines[0]).not.toContain(good)
  })
})

describe('a sync that fails is answered so that LaunchDarkly delivers again', () => {
  it.each([
    ['LaunchDarkly refuses', 403, 502, 'launchdarkly_refused'],
    ['LaunchDarkly hangs', 'hangs', 504, 'launchdarkly_timeout'],
    ['LaunchDarkly is killed in the middle', 'dies', 504, 'launchdarkly_timeout'],
    ['somebody else answers', { body: '<html>' }, 502, 'launchdarkly_bad_answer'],
  ] as const)('when %s', async (_what, fault, statusCode, code) => {
    const handler = handlerOf({ deadlineMs: 800, mode: typeof fault === 'object' ? 'polling' : 'streaming' })
    const webhook = delivered(at.service.save('flags', bool('a', false)))
    at.service.fail(fault)
    const response = await handler(webhook)
    expect([response.statusCode, said(response)['code']]).toEqual([statusCode, code])
    expect(said(response)).not.toHaveProperty('message')
    at.service.fail('none')
    expect((await handler(webhook)).statusCode).toBe(200)
    expect(await versionsIn(at.store)).toEqual({ a: 2, b: 1, s: 1 })
  })

  it('when the store does', async () => {
    const store = failing(at.store, (method) =>
      method === 'init' ? new FlagDataError('store_unavailable', 'table "secret-name" is gone') : undefined,
    )
    const response = await handlerOf({ store })(delivered(at.service.webhook({ kind: 'flag' })))
    expect([response.statusCode, said(response)['code']]).toEqual([502, 'store_unavailable'])
    expect(response.body).not.toContain('secret-name')
    expect(at.lines[0]).toContain('secret-name')
  })

  it('when a secret or an SDK key cannot be loaded: nobody is let in on an empty one', async () => {
    const request: WebhookRequest = { headers: { 'x-ld-signature': signatureOf('{}', '') }, body: '{}' }
    for (const secret of [() => undefined, () => '', () => Promise.reject(new Error('denied'))]) {
      const response = await handlerOf({ secret })(request)
      expect([response.statusCode, said(response)['code']]).toEqual([500, 'secret_unavailable'])
    }
    const noKey = await handlerOf({ sdkKey: async () => undefined })(delivered(at.service.webhook({ kind: 'flag' })))
    expect([noKey.statusCode, said(noKey)['code']]).toEqual([500, 'sdk_key_unavailable'])
    expect(at.service.requests).toEqual([])
  })
})

it('refuses to be set up without a secret', () => {
  expect(() => webhookHandler(at.options)).toThrow(expect.objectContaining({ code: 'bad_option' }))
  expect(() => webhookHandler({ ...at.options, secret: '' })).toThrow(/LAUNCHDARKLY_WEBHOOK_SECRET/)
})
