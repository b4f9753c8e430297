import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findRedisServer, type Redis, startRedis } from '../../src/engines/redis.ts'

const isAbsent = findRedisServer() === undefined
if (isAbsent) console.warn('redis-server is not installed: it is not tested')

let directory: string
const started: Redis[] = []
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-redis-'))
})
afterEach(async () => {
  for (const redis of started.splice(0)) await redis.close()
  await rm(directory, { recursive: true, force: true })
})

async function start(options: Parameters<typeof startRedis>[0]): Promise<Redis> {
  const redis = await startRedis(options)
  started.push(redis)
  return redis
}

/** One command in Redis's own telnet form, and the first line of its answer. */
async function ask({ endpoint }: Redis, command: string): Promise<string> {
  const socket = connect(Number(new URL(endpoint).port), '127.0.0.1')
  socket.write(`${command}\r\n`)
  const [reply] = await once(socket, 'data')
  socket.destroy()
  return String(reply)
}

test('says what to install where there is no redis-server', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = directory
  try {
    expect(findRedisServer()).toBeUndefined()
    await expect(startRedis()).rejects.toThrow('install Debian’s redis-server')
  } finally {
    process.env['PATH'] = path
  }
})

describe.skipIf(isAbsent)('a redis-server', () => {
  test('that was killed has what it had answered when it starts again on its directory', async () => {
    const first = await start({ dataDir: directory })
    expect(await ask(first, 'SET flag on')).toBe('+OK\r\n')
    await first.kill()
    expect(await ask(await start({ dataDir: directory }), 'GET flag')).toBe('$2\r\non\r\n')
  })

  test('answers nothing while it is paused, and everything afterwards', async () => {
    const redis = await start({})
    redis.pause()
    let answered = false
    const asking = ask(redis, 'PING').then((reply) => {
      answered = true
      return reply
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(answered).toBe(false)
    redis.resume()
    expect(await asking).toBe('+PONG\r\n')
  })
})
