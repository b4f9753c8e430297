import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** An HTTP request, taken apart as the four kinds of event need it. */
export interface EdgeRequest {
  readonly method: string
  /** Without the query string, as it was sent. */
  readonly path: string
  readonly rawQuery: string
  readonly protocol: string
  readonly sourceIp: string
  readonly userAgent: string
  readonly host: string
  /** Name and value in the order and case of the wire, with those that AWS's front door adds. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly requestId: string
  readonly timeEpoch: number
}

export function readEdgeRequest(request: IncomingMessage, body: Buffer, timeEpoch: number): EdgeRequest {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1)
  const sourceIp = request.socket.remoteAddress ?? '127.0.0.1'
  const headers: [string, string][] = []
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const [name, value] = request.rawHeaders.slice(i, i + 2)
    // Hop-by-hop fields end at the front door.
    if (name === undefined || value === undefined || /^(connection|keep-alive|transfer-encoding)$/i.test(name)) continue
    headers.push([name, value])
  }
  const addWhenMissing = (name: string, value: string): void => {
    if (request.headers[name.toLowerCase()] === undefined) headers.push([name, value])
  }
  const forwardedFor = headers.findIndex(([name]) => name.toLowerCase() === 'x-forwarded-for')
  if (forwardedFor === -1) headers.push(['X-Forwarded-For', sourceIp])
  else headers[forwardedFor] = ['X-Forwarded-For', `${headers[forwardedFor]?.[1]}, ${sourceIp}`]
  addWhenMissing('X-Forwarded-Port', String(request.socket.localPort ?? 80))
  addWhenMissing('X-Forwarded-Proto', 'http')
  addWhenMissing('X-Amzn-Trace-Id', traceRoot(timeEpoch))

  return {
    method: request.method ?? 'GET',
    path: mark === -1 ? url : url.slice(0, mark),
    rawQuery,
    protocol: `HTTP/${request.httpVersion}`,
    sourceIp,
    userAgent: request.headers['user-agent'] ?? '',
    host: request.headers.host ?? '',
    headers,
    query: [...new URLSearchParams(rawQuery)],
    body,
    requestId: randomUUID(),
    timeEpoch,
  }
}

export function traceHeaderOf(request: EdgeRequest): string | undefined {
  return request.headers.find(([name]) => name.toLowerCase() === 'x-amzn-trace-id')?.[1]
}

/** Values by name: repeated names joined by a comma. */
export function joined(pairs: EdgeRequest['headers'], nameOf: (name: string) => string): Record<string, string> {
  const all: Record<string, string> = {}
  for (const [name, value] of pairs) {
    const key = nameOf(name)
    all[key] = key in all ? `${all[key]},${value}` : value
  }
  return all
}

/** Values by name: the last one wins. */
export function last(pairs: EdgeRequest['headers'], nameOf: (name: string) => string): Record<string, string> {
  return Object.fromEntries(pairs.map(([name, value]) => [nameOf(name), value]))
}

/** Values by name, as lists. */
export function listed(pairs: EdgeRequest['headers'], nameOf: (name: string) => string): Record<string, string[]> {
  const all: Record<string, string[]> = {}
  for (const [name, value] of pairs) {
    const key = nameOf(name)
    const values = all[key] ?? []
    values.push(value)
    all[key] = values
  }
  return all
}

/** `12/Mar/2020:19:03:58 +0000` */
export function commonLogTime(timeEpoch: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(timeEpoch).toUTCString()) ?? []
  return `${day}/${month}/${year}:${time} +0000`
}

function traceRoot(timeEpoch: number): string {
  const id = randomUUID().replaceAll('-', '').slice(0, 24)
  return `Root=1-${Math.floor(timeEpoch / 1000).toString(16)}-${id}`
}
