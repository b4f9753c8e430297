/**
 * The three calls of aws-lambda-ric's native addon, over HTTP to the Runtime API.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import type { IncomingHttpHeaders, RequestOptions } from 'node:http'

// The ESM face of node:http loads undici, about 20 ms; this one does not.
const { Agent, request } = process.getBuiltinModule('node:http')

const [hostname, port] = (process.env['AWS_LAMBDA_RUNTIME_API'] ?? '').split(':')
const base: RequestOptions = { hostname, port, agent: new Agent({ keepAlive: true }) }
const concurrent = process.env['AWS_LAMBDA_MAX_CONCURRENCY'] !== undefined

// Bound now: a handler may replace `process.stdout.write`, and must not see the mark.
const writeOut = concurrent ? undefined : process.stdout.write.bind(process.stdout)
const posting = new Set<Promise<unknown>>()

interface Answer {
  readonly body: string
  readonly headers: IncomingHttpHeaders
}

/** Waits for the next invocation; the answer to the one before it is delivered first. */
export async function next(): Promise<{ bodyJson: string; headers: Record<string, string | string[] | undefined> }> {
  if (!concurrent) await Promise.all(posting)
  const { body, headers } = await call({ ...base, method: 'GET', path: '/2018-06-01/runtime/invocation/next' })
  const context = headers['lambda-runtime-client-context']
  return {
    bodyJson: body,
    // Header values travel as latin1; the client context is UTF-8 JSON.
    headers:
      typeof context === 'string'
        ? { ...headers, 'lambda-runtime-client-context': Buffer.from(context, 'latin1').toString('utf8') }
        : headers,
  }
}

export function done(encodedRequestId: string, body: string): void {
  post(encodedRequestId, 'response', body)
}

export function error(encodedRequestId: string, body: string, _xrayCause: string): void {
  post(encodedRequestId, 'error', body)
}

function post(encodedRequestId: string, kind: 'response' | 'error', body: string): void {
  // Tells the host that all lines of this invocation have been read; concurrent invocations share one output.
  writeOut?.(`\u0000END ${encodedRequestId}\n`)
  const sent = call(
    {
      ...base,
      method: 'POST',
      path: `/2018-06-01/runtime/invocation/${encodedRequestId}/${kind}`,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...(writeOut === undefined ? {} : { 'waybill-local-marked': '1' }),
      },
    },
    body,
  ).catch(() => process.exit(1))
  posting.add(sent)
  void sent.finally(() => posting.delete(sent))
}

function call(options: RequestOptions, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(options, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => resolve({ body: Buffer.concat(chunks).toString('utf8'), headers: res.headers }))
    })
    req.on('error', reject)
    req.end(body)
  })
}
