import { findRedisServer, type Redis, startRedis } from '@waybill/local'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waybill } from '../support/waybill.ts'

const isAbsent = findRedisServer() === undefined
if (isAbsent) console.log('redis-server is not installed: the commands on Redis are not tested')

describe.skipIf(isAbsent)('the commands on Redis', () => {
  let server: Redis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.close())

  it('create, change and show a flag, each environment for itself, and keep its history', async () => {
    const env = { WAYBILL_REDIS: server.endpoint, WAYBILL_PREFIX: 'production' }
    const make = 'flags create checkout --variation control=false --variation canary=true --comment why --who ada'
    expect(await waybill(make.split(' '), { env })).toMatchObject({ code: 0, stderr: '' })
    const change = 'flags rollout checkout canary 10 --comment start --who bob'
    expect(await waybill(change.split(' '), { env })).toMatchObject({ code: 0, stderr: '' })
    const history = JSON.parse((await waybill(['flags', 'history', 'checkout', '--json'], { env })).stdout)
    expect(JSON.stringify(history)).toMatch(/"ada".*"bob"|"bob".*"ada"/)
    const list = ['flags', 'list', '--redis', server.endpoint, '--prefix']
    expect((await waybill([...list, 'production'])).stdout).toContain('checkout')
    expect((await waybill([...list, 'test'])).stdout).not.toContain('checkout')
  })

  it('say in one line that the server is not there, or no URL, without its password', async () => {
    const gone = await startRedis()
    await gone.kill()
    const url = gone.endpoint.replace('//', '//ada:sesame@')
    const outcome = await waybill(['flags', 'list', '--redis', url])
    expect(outcome).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: [^\n]*Redis at 127[^\n]*cannot be reached[^\n]*\n$/),
    })
    expect(outcome.stderr).not.toContain('sesame')
    expect(await waybill(['flags', 'list', '--redis', 'localhost'])).toMatchObject({ code: 2 })
  })

  it('say that the server refuses them', async () => {
    const admin = await createClient({ url: server.endpoint }).connect()
    await admin.sendCommand(['ACL', 'SETUSER', 'default', 'resetpass', '>sesame-too'])
    admin.destroy()
    const url = server.endpoint.replace('//', '//ada:sesame@')
    const outcome = await waybill(['flags', 'list', '--redis', url])
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('refuses access') })
    expect(outcome.stderr).not.toContain('sesame')
  })
})
