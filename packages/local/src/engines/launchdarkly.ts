import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { closeHttpServer, listenOnLoopback, outliveAborts } from './loopback.ts'

export type LaunchDarklyItem = { readonly key: string; readonly version: number } & Readonly<Record<string, unknown>>
type Draft = { readonly key: string; readonly version?: number } & Readonly<Record<string, unknown>>
type Kind = 'flags' | 'segments'

/**
 * What is wrong with the service: nothing, an answer of that status, no answer at all, half of one and then a reset, or
 * somebody else's answer.
 */
export type LaunchDarklyFault = 'none' | number | 'hangs' | 'dies' | { readonly body: string }

export interface StartLaunchDarklyOptions {
  /** The one SDK key that it knows; any other gets a 401. */
  readonly sdkKey: string
  /** What its webhooks are signed with. */
  readonly webhookSecret?: string
}

/** One of its webhooks, ready to be delivered, as often and as late as a test likes. */
export interface LaunchDarklyWebhook {
  readonly body: string
  readonly headers: { readonly 'Content-Type': string; readonly 'X-LD-Signature': string }
}

export interface LocalLaunchDarkly {
  /** For `baseUri`, `streamUri` and `eventsUri`. */
  readonly url: string
  /** Paths of all requests so far, in their order. */
  readonly requests: readonly string[]
  /** How many clients hold a stream open. */
  streams(): number
  /** Saves a flag or a segment, by default as its next version, tells all streams, and gives the webhook that says so. */
  save(kind: Kind, item: Draft): LaunchDarklyWebhook
  remove(kind: Kind, key: string): LaunchDarklyWebhook
  /** A signed webhook of any content: an entry of the audit log. */
  webhook(entry: Readonly<Record<string, unknown>>): LaunchDarklyWebhook
  /** How requests are answered from now on. `times`: only so many of them. */
  fail(fault: LaunchDarklyFault, times?: number): void
  close(): Promise<void>
}

/**
 * LaunchDarkly's end of what its server-side SDKs speak: polling with ETags, streaming (`put`, `patch`, `delete`) and the
 * endpoints for events, which takes everything. Deleted items leave no trace in what a new client gets, as there.
 *
 * @example
 * const launchDarkly = await startLaunchDarkly({ sdkKey: 'sdk-1' })
 * launchDarkly.save('flags', { key: 'f', on: true, variations: [true, false] })
 * init('sdk-1', { streamUri: launchDarkly.url, baseUri: launchDarkly.url, eventsUri: launchDarkly.url })
 */
export async function startLaunchDarkly({
  sdkKey,
  webhookSecret = 'secret',
}: StartLaunchDarklyOptions): Promise<LocalLaunchDarkly> {
  const held: Readonly<Record<Kind, Map<string, LaunchDarklyItem>>> = { flags: new Map(), segments: new Map() }
  const versions = new Map<string, number>()
  const requests: string[] = []
  const streams = new Set<ServerResponse>()
  let fault: LaunchDarklyFault = 'none'
  let faultsLeft = Number.POSITIVE_INFINITY

  const everything = () => ({ flags: Object.fromEntries(held.flags), segments: Object.fromEntries(held.segments) })

  const webhook = (entry: Readonly<Record<string, unknown>>): LaunchDarklyWebhook => {
    const body = JSON.stringify(entry)
    const signature = createHmac('sha256', webhookSecret).update(body).digest('hex')
    return { body, headers: { 'Content-Type': 'application/json', 'X-LD-Signature': signature } }
  }
  const changed = (kind: Kind, key: string, action: string): LaunchDarklyWebhook => {
    const one = kind === 'flags' ? 'flag' : 'segment'
    const resource = `proj/default:env/production:${one}/${key}`
    return webhook({ kind: one, name: key, date: Date.now(), accesses: [{ action, resource }] })
  }
  const nextVersion = (kind: Kind, key: string, version = (versions.get(`${kind}/${key}`) ?? 0) + 1): number => {
    versions.set(`${kind}/${key}`, version)
    return version
  }
  const tell = (event: string, data: object): void => {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  const faultOfNext = (): LaunchDarklyFault => {
    if (fault === 'none' || faultsLeft === 0) return 'none'
    faultsLeft -= 1
    return fault
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').split('?')[0] ?? ''
    requests.push(path)
    request.resume()
    const now = path === '/bulk' || path === '/diagnostic' ? 202 : faultOfNext()
    if (now === 'hangs') return
    if (typeof now === 'number') answer(response, now)
    else if (typeof now === 'object') response.writeHead(200).end(now.body)
    else if (request.headers.authorization !== sdkKey) answer(response, 401)
    else if (path === '/all') stream(response, now)
    else if (path === '/sdk/latest-all') poll(request, response, now)
    else answer(response, 404)
  }

  function poll(request: IncomingMessage, response: ServerResponse, now: LaunchDarklyFault): void {
    const body = JSON.stringify(everything())
    const etag = `"${createHmac('sha256', 'etag').update(body).digest('hex')}"`
    const isKnown = request.headers['if-none-match'] === etag
    if (isKnown) {
      answer(response, 304)
      return
    }
    response.writeHead(200, { 'content-type': 'application/json', etag, 'content-length': Buffer.byteLength(body) })
    if (now === 'dies') half(response, body)
    else response.end(body)
  }

  function stream(response: ServerResponse, now: LaunchDarklyFault): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const put = `event: put\ndata: ${JSON.stringify({ path: '/', data: everything() })}\n\n`
    if (now === 'dies') {
      half(response, put)
      return
    }
    response.write(put)
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }

  const server = createServer(serve)
  server.on('request', outliveAborts)
  const url = await listenOnLoopback(server)
  return {
    url,
    requests,
    streams: () => streams.size,
    save: (kind, { key, version, ...rest }) => {
      const item = { key, version: nextVersion(kind, key, version), ...rest }
      held[kind].set(key, item)
      tell('patch', { path: `/${kind}/${key}`, data: item })
      return changed(kind, key, 'updateOn')
    },
    remove: (kind, key) => {
      held[kind].delete(key)
      tell('delete', { path: `/${kind}/${key}`, version: nextVersion(kind, key) })
      return changed(kind, key, kind === 'flags' ? 'deleteFlag' : 'deleteSegment')
    },
    webhook,
    fail: (next, times = Number.POSITIVE_INFINITY) => {
      fault = next
      faultsLeft = times
    },
    close: async () => {
      for (const open of streams) open.destroy()
      await closeHttpServer(server)
    },
  }
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status).end()
}

function half(response: ServerResponse, text: string): void {
  response.write(text.slice(0, text.length / 2), () => response.socket?.resetAndDestroy())
}
