import { expect, test } from 'vitest'
import { matchRoute } from '../../../src/lambda/edge/route.ts'

const routes = [
  { method: 'ANY', path: '$default', functionName: 'default' },
  { method: 'ANY', path: '/{proxy+}', functionName: 'greedy' },
  { method: 'ANY', path: '/orders/{id}', functionName: 'any-order' },
  { method: 'GET', path: '/orders/{id}', functionName: 'get-order' },
  { method: 'GET', path: '/orders/mine', functionName: 'mine' },
]

test.each([
  ['GET', '/orders/mine', 'mine'],
  ['GET', '/orders/7', 'get-order'],
  ['POST', '/orders/7', 'any-order'],
  ['POST', '/orders/mine', 'any-order'],
  ['GET', '/orders/7/items', 'greedy'],
  ['GET', '/', 'default'],
])('%s %s goes to %s', (method, path, functionName) => {
  expect(matchRoute(routes, method, path)?.route.functionName).toBe(functionName)
})

test('a greedy parameter takes the rest of the path', () => {
  expect(matchRoute(routes, 'GET', '/a/b%20c')?.pathParameters).toEqual({ proxy: 'a/b c' })
})
