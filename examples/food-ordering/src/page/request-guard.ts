import type { IncomingMessage } from 'node:http'

/** Names that lead to this machine and nowhere else. */
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/

/**
 * Why a request is not answered, or nothing. A page of another site may send requests here as well: a name of its own that
 * it points at 127.0.0.1 shows in `Host`, and whose page it was in `Origin`, which browsers send with every POST.
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin
 */
export function refusalOf({
  method,
  headers,
}: Pick<IncomingMessage, 'method' | 'headers'>): { readonly status: number; readonly reason: string } | undefined {
  const host = headers.host ?? ''
  if (!LOOPBACK.test(host)) return { status: 403, reason: 'this page is for the machine that it runs on' }
  if (method === 'GET') return undefined
  if (method !== 'POST') return { status: 405, reason: 'GET and POST only' }
  if (headers.origin !== `http://${host}`) return { status: 403, reason: 'changes are made on the page itself' }
  if (headers['content-type'] !== 'application/json') return { status: 415, reason: 'send JSON' }
  return undefined
}
