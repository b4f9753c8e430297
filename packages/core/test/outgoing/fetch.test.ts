import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { stampFetch, withHonouredDecisions } from '../../src/index.ts'
import { processLedger } from '../../src/ledger.ts'
import { countsOf, flags, httpEvent, keys, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

interface Seen {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly token: string | string[] | undefined
  readonly auth: string | undefined
  readonly body: string
}

const token = tokenFor('canary')
const servers: Server[] = []
let ours = { origin: '', seen: [] as Seen[] }
let vendor = { origin: '', seen: [] as Seen[] }

/** Answers `/to?status=307&url=...` with a redirect, all else with 200. */
async function listen(): Promise<{ origin: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as IncomingMessage) chunks.push(chunk as Buffer)
    const { headers, method, url } = request
    seen.push({
      method,
      path: url,
      token: headers['x-waybill'],
      auth: headers.authorization,
      body: Buffer.concat(chunks).toString(),
    })
    const { searchParams, pathname } = new URL(url ?? '/', 'http://x')
    if (pathname !== '/to') response.end('ok')
    else response.writeHead(Number(searchParams.get('status')), { location: searchParams.get('url') ?? '' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

beforeAll(async () => {
  ours = await listen()
  vendor = await listen()
})
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections()
})
beforeEach(() => {
  ours.seen.length = 0
  vendor.seen.length = 0
  processLedger.drain()
})

async function inScope<R>(run: (fetch: typeof globalThis.fetch) => Promise<R>): Promise<{ result: R; counts: object }> {
  const { reports, observer } = watching()
  const fetch = stampFetch(globalThis.fetch, { propagateTo: [ours.origin] })
  const result = await withHonouredDecisions(() => run(fetch), { flags, keys, observers: [observer] })(
    httpEvent({ 'x-waybill': token }),
  )
  return { result, counts: countsOf(reports) }
}

describe('a stamped fetch, over real connections', () => {
  it('carries the token to the named origin and to nobody else', async () => {
    await inScope(async (fetch) => [await fetch(`${ours.origin}/a`), await fetch(`${vendor.origin}/b`)])
    expect(ours.seen).toMatchObject([{ path: '/a', token }])
    expect(vendor.seen).toMatchObject([{ path: '/b', token: undefined }])
  })

  it('takes every form that fetch takes, headers and all', async () => {
    const init = { method: 'POST', body: 'hello', headers: { authorization: 'me' } }
    await inScope(async (fetch) => {
      await fetch(new URL('/url', ours.origin), init)
      await fetch(new Request(`${ours.origin}/request`, init))
      await fetch(`${ours.origin}/headers`, { ...init, headers: new Headers(init.headers) })
    })
    for (const one of ours.seen) expect(one).toMatchObject({ method: 'POST', token, auth: 'me', body: 'hello' })
    expect(ours.seen).toHaveLength(3)
  })

  it('leaves a header that the caller set', async () => {
    const { counts } = await inScope((fetch) => fetch(ours.origin, { headers: { 'X-Waybill': 'mine' } }))
    expect(ours.seen).toMatchObject([{ token: 'mine' }])
    expect(counts).toEqual({ already_stamped: 1 })
  })

  it('follows a redirect within the named origin with the token, and out of it without', async () => {
    const { result } = await inScope(async (fetch) => {
      await fetch(`${ours.origin}/to?status=302&url=/next`)
      return await fetch(`${ours.origin}/to?status=302&url=${vendor.origin}/away`, { headers: { authorization: 'me' } })
    })
    expect(ours.seen.map((one) => [one.path?.slice(0, 5), one.token])).toEqual([
      ['/to?s', token],
      ['/next', token],
      ['/to?s', token],
    ])
    expect(vendor.seen).toMatchObject([{ path: '/away', token: undefined, auth: undefined }])
    expect([result.redirected, result.url, await result.text()]).toEqual([true, `${vendor.origin}/away`, 'ok'])
  })

  it.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'order'],
    [308, 'POST', 'order'],
  ])('repeats a POST after a %i as fetch itself does: %s', async (status, method, body) => {
    const url = `${ours.origin}/to?status=${status}&url=/next`
    await inScope((fetch) => fetch(url, { method: 'POST', body: 'order' }))
    await globalThis.fetch(url, { method: 'POST', body: 'order' })
    await inScope((fetch) => fetch(new Request(url, { method: 'POST', body: 'order' })))
    const [, stamped, , plain, , request] = ours.seen
    expect(stamped).toMatchObject({ path: '/next', method, body, token })
    expect(plain).toMatchObject({ path: '/next', method, body })
    expect(request).toMatchObject({ path: '/next', method, body, token })
  })

  it('stops an endless redirect as fetch does, and leaves other redirect modes to the caller', async () => {
    const loop = `${ours.origin}/to?status=302&url=${encodeURIComponent(`${ours.origin}/to?status=302&url=/to`)}`
    const { result } = await inScope((fetch) => fetch(loop, { redirect: 'manual' }))
    expect(result.status).toBe(302)
    const endless = await inScope((fetch) =>
      fetch(`${ours.origin}/to?status=302&url=`).catch((error: unknown) => error),
    )
    expect(endless.result).toBeInstanceOf(TypeError)
    expect(ours.seen.length).toBeLessThan(30)
  })

  it('outside a scope is the fetch that it wraps', async () => {
    await stampFetch(globalThis.fetch, { propagateTo: [ours.origin] })(`${ours.origin}/plain`)
    expect(ours.seen).toMatchObject([{ path: '/plain', token: undefined }])
  })

  it.each(['example.com', 'https://example.com/path', 'https://example.com/', '*'])(
    'refuses "%s": no exact origin',
    (origin) => {
      expect(() => stampFetch(globalThis.fetch, { propagateTo: [origin] })).toThrow(/not an exact origin/)
    },
  )
})
