import { request as httpRequest, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HttpEdge, startHttpEdge } from '../../../src/lambda/edge/http-edge.ts'
import { type LambdaHost, startLambdaHost } from '../../../src/lambda/host.ts'

let host: LambdaHost
let edge: HttpEdge

beforeAll(async () => {
  host = startLambdaHost()
  const entry = fileURLToPath(new URL('../handlers/web.mjs', import.meta.url))
  host.deploy({ name: 'web', entry, maxConcurrency: 1 })
  edge = await startHttpEdge({
    host,
    clock: () => Date.UTC(2026, 2, 12, 19, 3, 58),
    routes: [
      { method: 'POST', path: '/v2/orders/{id}', functionName: 'web' },
      { method: 'ANY', path: '/v2/{proxy+}', functionName: 'web' },
      { method: 'ANY', path: '/v1/orders/{id}', functionName: 'web', kind: 'rest-v1' },
      { method: 'ANY', path: '/alb', functionName: 'web', kind: 'alb' },
      { method: 'ANY', path: '/alb-multi', functionName: 'web', kind: 'alb', multiValueHeaders: true },
      { method: 'ANY', path: '/url', functionName: 'web', kind: 'function-url' },
      { method: 'GET', path: '/undeployed', functionName: 'nobody' },
    ],
  })
})

afterAll(async () => {
  await edge.close()
  await host.close()
})

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

// node:http, as fetch joins repeated headers and lowers their case before they are sent.
function send(method: string, path: string, headers: readonly string[] = [], body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${edge.url}${path}`,
      { method, headers: ['Host', 'api.local', ...headers] },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

const asking = (answer: object): string[] => ['X-Answer', Buffer.from(JSON.stringify(answer)).toString('base64')]

test('an HTTP API request becomes a 2.0 event', async () => {
  const headers = [
    'X-Waybill',
    'one',
    'x-waybill',
    'two',
    'Cookie',
    'a=1; b=2',
    'Content-Type',
    'application/json',
    'Content-Length',
    '14',
  ]
  const event = JSON.parse((await send('POST', '/v2/orders/a%20b?x=1&x=2&y=%C3%A9', headers, '{"dish":"pie"}')).text)
  expect(event).toMatchObject({
    version: '2.0',
    routeKey: 'POST /v2/orders/{id}',
    rawPath: '/v2/orders/a%20b',
    rawQueryString: 'x=1&x=2&y=%C3%A9',
    cookies: ['a=1', 'b=2'],
    headers: { 'x-waybill': 'one,two', host: 'api.local', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' },
    queryStringParameters: { x: '1,2', y: 'é' },
    pathParameters: { id: 'a b' },
    requestContext: {
      http: { method: 'POST', path: '/v2/orders/a%20b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
      stage: '$default',
      time: '12/Mar/2026:19:03:58 +0000',
      timeEpoch: Date.UTC(2026, 2, 12, 19, 3, 58),
    },
    body: '{"dish":"pie"}',
    isBase64Encoded: false,
  })
  expect(event.headers).not.toHaveProperty('cookie')
  expect(event).not.toHaveProperty('httpMethod')
})

test('an HTTP API leaves out what is absent and encodes binary bodies', async () => {
  const bare = JSON.parse((await send('GET', '/v2/menu')).text)
  for (const key of ['cookies', 'queryStringParameters', 'body']) expect(bare).not.toHaveProperty(key)
  const bytes = Buffer.from([0, 255, 1])
  const binary = JSON.parse(
    (await send('POST', '/v2/photo', ['Content-Type', 'image/png', 'Content-Length', '3'], bytes)).text,
  )
  expect(binary).toMatchObject({ body: bytes.toString('base64'), isBase64Encoded: true })
})

test('a REST API request becomes a 1.0 event with both kinds of headers in their own case', async () => {
  const event = JSON.parse((await send('GET', '/v1/orders/7?x=1&x=2', ['X-Waybill', 'one', 'X-Waybill', 'two'])).text)
  expect(event).toMatchObject({
    resource: '/v1/orders/{id}',
    path: '/v1/orders/7',
    httpMethod: 'GET',
    headers: { 'X-Waybill': 'two', Host: 'api.local' },
    multiValueHeaders: { 'X-Waybill': ['one', 'two'] },
    queryStringParameters: { x: '2' },
    multiValueQueryStringParameters: { x: ['1', '2'] },
    pathParameters: { id: '7' },
    stageVariables: null,
    body: null,
    isBase64Encoded: false,
  })
  expect(event).not.toHaveProperty('version')
})

test('a load balancer sends single or multi-value headers, never both, and does not decode the query', async () => {
  const single = JSON.parse((await send('GET', '/alb?x=%C3%A9&x=2', ['X-Waybill', 'one', 'X-Waybill', 'two'])).text)
  expect(single).toMatchObject({
    requestContext: { elb: { targetGroupArn: expect.stringContaining(':targetgroup/web/') } },
    httpMethod: 'GET',
    path: '/alb',
    headers: { 'x-waybill': 'two' },
    queryStringParameters: { x: '2' },
    body: '',
    isBase64Encoded: false,
  })
  expect(single).not.toHaveProperty('multiValueHeaders')
  const multi = JSON.parse(
    (await send('GET', '/alb-multi?x=%C3%A9&x=2', ['X-Waybill', 'one', 'X-Waybill', 'two'])).text,
  )
  expect(multi).toMatchObject({
    multiValueHeaders: { 'x-waybill': ['one', 'two'] },
    multiValueQueryStringParameters: { x: ['%C3%A9', '2'] },
  })
  expect(multi).not.toHaveProperty('headers')
})

test('a function URL request becomes a 2.0 event on the default route', async () => {
  const event = JSON.parse((await send('GET', '/url?a=b')).text)
  expect(event).toMatchObject({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/url',
    queryStringParameters: { a: 'b' },
  })
})

test('the trace of the request is the trace of the invocation', async () => {
  const sent = 'Root=1-5e1b4151-43a0913a12345678901234567'
  const event = JSON.parse((await send('GET', '/v2/menu', ['X-Amzn-Trace-Id', sent])).text)
  expect(event.headers['x-amzn-trace-id']).toBe(sent)
})

test('format 2.0 responses: status, headers, cookies and binary bodies', async () => {
  const body = Buffer.from('crème').toString('base64')
  const answer = await send(
    'GET',
    '/v2/menu',
    asking({ statusCode: 201, headers: { 'x-dish': 'pie' }, cookies: ['a=1', 'b=2'], body, isBase64Encoded: true }),
  )
  expect(answer).toMatchObject({ status: 201, text: 'crème' })
  expect(answer.headers).toMatchObject({ 'x-dish': 'pie', 'set-cookie': ['a=1', 'b=2'] })
})

test('format 2.0 infers a JSON response; format 1.0 calls it malformed', async () => {
  const inferred = await send('GET', '/v2/menu', ['X-Answer', 'bare'])
  expect(inferred).toMatchObject({ status: 200, text: '{"hello":"world"}' })
  expect(inferred.headers['content-type']).toBe('application/json')
  // A REST event keeps the case that the client sent, and the handler looks for the lower one.
  const malformed = await send('GET', '/v1/orders/1', ['x-answer', 'bare'])
  expect(malformed).toMatchObject({ status: 502, text: '{"message": "Internal server error"}' })
})

test('format 1.0 responses repeat headers', async () => {
  const [, value] = asking({ statusCode: 200, multiValueHeaders: { 'set-cookie': ['a=1', 'b=2'] }, body: 'ok' })
  const answer = await send('GET', '/v1/orders/1', ['x-answer', value ?? ''])
  expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
})

test.each([
  ['/v2/menu', 500],
  ['/v1/orders/1', 502],
  ['/alb', 502],
  ['/alb-multi', 502],
  ['/url', 502],
  ['/undeployed', 500],
])('a function that fails behind %s is a %i', async (path, status) => {
  expect((await send('GET', path, ['x-answer', 'throw'])).status).toBe(status)
})

test('an HTTP API takes a request line and header values up to 10,240 bytes', async () => {
  // Request line `GET /v2/menu HTTP/1.1`, then the values of Host, Connection and the long one.
  const room = 10_240 - 'GET /v2/menu HTTP/1.1'.length - 'api.local'.length - 'keep-alive'.length
  expect((await send('GET', '/v2/menu', ['Connection', 'keep-alive', 'X-Long', 'x'.repeat(room)])).status).toBe(200)
  expect((await send('GET', '/v2/menu', ['Connection', 'keep-alive', 'X-Long', 'x'.repeat(room + 1)])).status).toBe(431)
  expect((await send('GET', '/alb', ['X-Long', 'x'.repeat(room + 1)])).status).toBe(200)
  expect((await send('GET', '/alb', ['X-Long', 'x'.repeat(16 * 1024 + 1)])).status).toBe(431)
})

test('a path without a route is not found', async () => {
  expect(await send('GET', '/nowhere')).toMatchObject({ status: 404, text: '{"message":"Not Found"}' })
})
