import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Assets } from './assets.ts'
import type { PageState, Refusal, Welcome } from './browser/state.ts'
import { refusalOf } from './request-guard.ts'

/** Answers a POST: nothing when it was done. `body` is whatever JSON came. */
export type Action = (body: unknown) => Promise<Refusal | undefined>

export interface PageServerOptions {
  readonly assets: Assets
  readonly welcome: () => Welcome
  /** By path. */
  readonly actions: Readonly<Record<string, Action>>
  /** 0: any free one. */
  readonly port: number
}

export interface PageServer {
  readonly url: string
  /** To every page that is open. */
  publish(state: PageState): void
  close(): Promise<void>
}

const MAX_BODY_BYTES = 4096
/** What a page may fall behind; then it has to connect anew. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024

/** Serves the page on 127.0.0.1, to this machine only. */
export async function startPageServer({ assets, welcome, actions, port }: PageServerOptions): Promise<PageServer> {
  const pages = new Set<ServerResponse>()

  const listen = (response: ServerResponse): void => {
    response.writeHead(200, headers(assets, 'text/event-stream'))
    send(response, 'welcome', welcome())
    pages.add(response)
    response.on('close', () => pages.delete(response))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = refusalOf(request)
    if (refusal !== undefined) return reply(response, refusal.status, { error: refusal.reason })
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'GET') {
      if (pathname === '/events') return listen(response)
      const asset = assets.byPath.get(pathname)
      if (asset === undefined) return reply(response, 404, { error: 'there is no such page' })
      response.writeHead(200, headers(assets, asset.type)).end(asset.body)
      return
    }
    const action = Object.hasOwn(actions, pathname) ? actions[pathname] : undefined
    if (action === undefined) return reply(response, 404, { error: 'there is nothing to do here' })
    const body = await readJson(request)
    if (body === undefined) return reply(response, 400, { error: 'send JSON, and not much of it' })
    const refused = await action(body.json)
    reply(response, refused === undefined ? 200 : 409, refused ?? {})
  }
  const reply = (response: ServerResponse, status: number, body: Refusal | object): void => {
    response.writeHead(status, headers(assets, 'application/json')).end(JSON.stringify(body))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else reply(response, 500, { error: error instanceof Error ? error.message : 'something went wrong' })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, resolve)
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`,
    publish: (state) => {
      for (const page of pages) {
        if (page.writableLength > MAX_BACKLOG_BYTES) page.destroy()
        else send(page, 'state', state)
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html: JSON has no line breaks of its own. */
function send(response: ServerResponse, event: 'welcome' | 'state', data: Welcome | PageState): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

function headers({ policy }: Assets, type: string): Record<string, string> {
  return {
    'content-type': type,
    'content-security-policy': policy,
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  }
}

/** Reads to the end of what it refuses, so that the client gets its answer. */
async function readJson(request: AsyncIterable<Buffer>): Promise<{ readonly json: unknown } | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (bytes > MAX_BODY_BYTES) return undefined
  try {
    return { json: JSON.parse(Buffer.concat(chunks).toString()) }
  } catch {
    return undefined
  }
}
