import type { EdgeKind } from './route.ts'

/** What goes back to the client. Headers are a list, as names repeat. */
export interface EdgeResponse {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

interface ProxyResult {
  readonly statusCode?: number | string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly unknown[]>>
  readonly cookies?: readonly string[]
  readonly body?: unknown
  readonly isBase64Encoded?: boolean
}

/** What a client sees when the function failed, or answered what the front door cannot read. */
const failures: Readonly<Record<EdgeKind, EdgeResponse>> = {
  'http-api-v2': json(500, '{"message":"Internal Server Error"}'),
  'rest-v1': json(502, '{"message": "Internal server error"}'),
  'function-url': json(502, 'Internal Server Error'),
  alb: {
    status: 502,
    headers: [['content-type', 'text/html']],
    body: Buffer.from('<html><head><title>502 Bad Gateway</title></head></html>'),
  },
}

export function failureResponse(kind: EdgeKind): EdgeResponse {
  return failures[kind]
}

/** Reads a handler's result as this kind of front door does. */
export function toResponse(payload: string, kind: EdgeKind): EdgeResponse {
  const result: unknown = JSON.parse(payload)
  const version2 = kind === 'http-api-v2' || kind === 'function-url'
  if (!isProxyResult(result)) {
    // Format 2.0 infers a response from any other JSON.
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    return version2 ? json(200, typeof result === 'string' ? result : payload) : failures[kind]
  }
  const status = Number(result.statusCode)
  if (!Number.isInteger(status) || status < 200 || status > 599) return failures[kind]

  const headers: [string, string][] = []
  const multi = version2 ? {} : (result.multiValueHeaders ?? {})
  const inMulti = new Set(Object.keys(multi).map((name) => name.toLowerCase()))
  for (const [name, value] of Object.entries(result.headers ?? {})) {
    if (!inMulti.has(name.toLowerCase())) headers.push([name, String(value)])
  }
  for (const [name, values] of Object.entries(multi)) for (const value of values) headers.push([name, String(value)])
  if (version2) for (const cookie of result.cookies ?? []) headers.push(['set-cookie', cookie])
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type')) {
    headers.push(['content-type', kind === 'http-api-v2' ? 'text/plain; charset=utf-8' : 'application/json'])
  }
  return { status, headers, body: bodyOf(result) }
}

function bodyOf({ body, isBase64Encoded }: ProxyResult): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return Buffer.from(text, isBase64Encoded === true ? 'base64' : 'utf8')
}

function isProxyResult(value: unknown): value is ProxyResult {
  return typeof value === 'object' && value !== null && 'statusCode' in value
}

function json(status: number, body: string): EdgeResponse {
  return { status, headers: [['content-type', 'application/json']], body: Buffer.from(body) }
}
