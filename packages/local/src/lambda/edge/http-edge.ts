import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LambdaHost } from '../host.ts'
import { readBody, serveOnLoopback } from '../loopback-server.ts'
import { albEvent } from './alb.ts'
import { functionUrlEvent, httpApiEvent } from './http-api-v2.ts'
import { type EdgeRequest, readEdgeRequest, traceHeaderOf } from './request.ts'
import { type EdgeResponse, failureResponse, toResponse } from './response.ts'
import { restApiEvent } from './rest-v1.ts'
import { type EdgeKind, type EdgeRoute, matchRoute, type RouteMatch } from './route.ts'

export interface HttpEdgeOptions {
  readonly host: LambdaHost
  readonly routes: readonly EdgeRoute[]
  /** Epoch milliseconds, for the time in the event. */
  readonly clock?: () => number
}

export interface HttpEdge {
  readonly url: string
  readonly close: () => Promise<void>
}

interface Limits {
  /** Request line and header names are counted where AWS counts them. */
  readonly headerBytes: number
  readonly oneHeaderBytes: number
  readonly bodyBytes: number
}

/**
 * API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
 * ALB: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
 */
const limits: Readonly<Record<EdgeKind, Limits>> = {
  'http-api-v2': { headerBytes: 10_240, oneHeaderBytes: 10_240, bodyBytes: 10 * 1024 * 1024 },
  'rest-v1': { headerBytes: 10_240, oneHeaderBytes: 10_240, bodyBytes: 10 * 1024 * 1024 },
  'function-url': { headerBytes: 10_240, oneHeaderBytes: 10_240, bodyBytes: 6 * 1024 * 1024 },
  alb: { headerBytes: 64 * 1024, oneHeaderBytes: 16 * 1024, bodyBytes: 1024 * 1024 },
}

const eventOf: Readonly<Record<EdgeKind, (request: EdgeRequest, match: RouteMatch) => object>> = {
  'http-api-v2': httpApiEvent,
  'rest-v1': restApiEvent,
  'function-url': functionUrlEvent,
  alb: albEvent,
}

/**
 * The HTTP front doors of Lambda on loopback: turns each request into the documented event of its route's kind, and the
 * handler's result into a response.
 *
 * @example
 * const edge = await startHttpEdge({ host, routes: [{ method: 'POST', path: '/orders', functionName: 'place-order' }] })
 * await fetch(`${edge.url}/orders?userId=ada`, { method: 'POST', body: '{}' })
 */
export async function startHttpEdge({ host, routes, clock = Date.now }: HttpEdgeOptions): Promise<HttpEdge> {
  const answer = async (request: IncomingMessage): Promise<EdgeResponse> => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const match = matchRoute(routes, request.method ?? 'GET', path)
    if (match === undefined) {
      await readBody(request, 0)
      return message(404, 'Not Found')
    }
    const kind = match.route.kind ?? 'http-api-v2'
    const { headerBytes, oneHeaderBytes, bodyBytes } = limits[kind]
    const body = await readBody(request, bodyBytes)
    const size = headerSize(request)
    if (size.all > headerBytes || size.largest > oneHeaderBytes) return message(431, 'Request Header Fields Too Large')
    if (body === undefined) return message(413, 'Request Entity Too Large')

    const edgeRequest = readEdgeRequest(request, body, clock())
    const traceHeader = traceHeaderOf(edgeRequest)
    const event = JSON.stringify(eventOf[kind](edgeRequest, match))
    const result = await host.invoke(match.route.functionName, event, traceHeader === undefined ? {} : { traceHeader })
    return result.functionError === undefined ? toResponse(result.payload, kind) : failureResponse(kind)
  }

  const server = await serveOnLoopback(
    (request, response) => {
      void answer(request)
        .catch(() => failureResponse('http-api-v2'))
        .then((answered) => send(response, answered))
    },
    // Above every limit here, so that the limits answer and not Node's parser.
    { maxHeaderSize: 256 * 1024 },
  )
  return { url: server.url, close: server.close }
}

/** The request line and the header values are what an HTTP API counts. */
function headerSize(request: IncomingMessage): { readonly all: number; readonly largest: number } {
  let all = `${request.method} ${request.url} HTTP/${request.httpVersion}`.length
  let largest = 0
  for (const [index, text] of request.rawHeaders.entries()) {
    if (index % 2 === 0) continue
    all += text.length
    largest = Math.max(largest, text.length)
  }
  return { all, largest }
}

function send(response: ServerResponse, { status, headers, body }: EdgeResponse): void {
  const byName = new Map<string, string[]>()
  for (const [name, value] of headers)
    byName.set(name.toLowerCase(), [...(byName.get(name.toLowerCase()) ?? []), value])
  try {
    for (const [name, values] of byName) {
      if (name === 'content-length' || name === 'transfer-encoding' || name === 'connection') continue
      response.setHeader(name, values)
    }
    response.writeHead(status, { 'content-length': body.length }).end(body)
  } catch {
    // A header that HTTP cannot carry: the front doors answer for the handler.
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.writeHead(502).end()
  }
}

function message(status: number, text: string): EdgeResponse {
  return {
    status,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify({ message: text })),
  }
}
