import { randomBytes } from 'node:crypto'
import { type HttpEdge, type LambdaHost, startHttpEdge, startLambdaHost } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handlerPath } from '../../src/local/functions.ts'

let host: LambdaHost
let world: HttpEdge
let hello: HttpEdge
const lines: string[] = []

beforeAll(async () => {
  // The runtime puts the time, the request and the level before what a handler says.
  host = startLambdaHost({ onLog: ({ line }) => lines.push(line.split('\t').at(-1) ?? '') })
  const WAYBILL_KEYS = `k1:${randomBytes(32).toString('base64')}`
  host.deploy({ name: 'world', entry: handlerPath('world'), env: { WAYBILL_KEYS } })
  world = await startHttpEdge({ host, routes: [{ method: 'GET', path: '/world', functionName: 'world' }] })
  host.deploy({ name: 'hello', entry: handlerPath('hello'), env: { WAYBILL_KEYS, WORLD_URL: world.url } })
  hello = await startHttpEdge({ host, routes: [{ method: 'GET', path: '/hello', functionName: 'hello' }] })
})
afterAll(async () => {
  await hello.close()
  await world.close()
  await host.close()
})

async function greetingOf(name: string): Promise<string> {
  const response = await fetch(`${hello.url}/hello?name=${name}`)
  return await response.text()
}

describe('hello and world', () => {
  it('greets as hello decided, though world does not know whom', async () => {
    expect(await greetingOf('ada')).toBe('hello, dear world')
    expect(await greetingOf('bob')).toBe('hello, world')
    expect(lines).toEqual(['world ran warm', 'hello ran warm', 'world ran plain', 'hello ran plain'])
  })
})
