import { expect, test } from 'vitest'
import { refusalOf } from '../../src/page/request-guard.ts'

const json = { 'content-type': 'application/json' }

test.each([['127.0.0.1:4000'], ['localhost:80'], ['localhost'], ['[::1]:4000']])(
  'a page of %s is served, and its changes are taken',
  (host) => {
    expect(refusalOf({ method: 'GET', headers: { host } })).toBeUndefined()
    expect(refusalOf({ method: 'POST', headers: { host, origin: `http://${host}`, ...json } })).toBeUndefined()
  },
)

test.each([['evil.example:4000'], ['127.0.0.1.evil.example'], ['localhost.evil.example:1'], ['user@127.0.0.1'], ['']])(
  'a request for the host "%s" is not answered',
  (host) => {
    expect(refusalOf({ method: 'GET', headers: { host } })?.status).toBe(403)
    expect(refusalOf({ method: 'POST', headers: { host, origin: `http://${host}`, ...json } })?.status).toBe(403)
  },
)

test.each([
  ['another site', { origin: 'https://evil.example', ...json }, 403],
  ['another port', { origin: 'http://127.0.0.1:4001', ...json }, 403],
  ['a sandbox', { origin: 'null', ...json }, 403],
  ['nobody', json, 403],
  ['a plain form of its own', { origin: 'http://127.0.0.1:4000', 'content-type': 'text/plain' }, 415],
])('a change by %s is refused', (_, headers, status) => {
  expect(refusalOf({ method: 'POST', headers: { host: '127.0.0.1:4000', ...headers } })?.status).toBe(status)
})

test.each(['PUT', 'DELETE', 'OPTIONS', 'HEAD'])('%s is refused', (method) => {
  expect(refusalOf({ method, headers: { host: 'localhost' } })?.status).toBe(405)
})
