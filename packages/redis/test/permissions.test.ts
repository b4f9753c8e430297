import { readFileSync } from 'node:fs'
import { type Redis, startRedis } from '@waybill/local'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RedisClient } from '../src/client.ts'
import { redisFlagReader } from '../src/flag-reader.ts'
import { redisFlagStore } from '../src/flag-store.ts'
import { type Client, connected, isAbsent, newPrefix } from './engine.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const ruleOf = (role: string): readonly string[] =>
  (readme.split(`\`\`\`text ${role}\n`)[1]?.split('\n')[0] ?? '').split(' ')
const commandsOf = (role: string): readonly string[] =>
  ruleOf(role)
    .filter((word) => word.startsWith('+'))
    .map((word) => word.slice(1))

async function read(client: RedisClient, prefix: string): Promise<void> {
  const reader = redisFlagReader({ client, prefix })
  if ((await reader.readAll()) === undefined) throw new Error('not filled')
  await reader.readMeta()
}

async function write(client: RedisClient, prefix: string): Promise<void> {
  const store = redisFlagStore({ client, prefix })
  await store.upsert('segments', { key: 's', version: 1 })
  await store.markFilled()
  await store.init({ flags: { a: { key: 'a', version: 1 }, b: { key: 'b', version: 1 } } })
  await store.init({ flags: { a: { key: 'a', version: 2 } } })
  const record = { kind: 'features', subject: 'a', action: 'on', who: 'ada', atMs: 1, comment: 'why' } as const
  await store.put('features', { key: 'a', version: 3 }, { ifVersion: 2, record: { ...record, key: 'a/1', version: 1 } })
  await store.put('owners', { key: 'a', version: 2, owner: 'launchdarkly' }, { ifVersion: 1 })
  for (const kind of ['features', 'segments', 'owners', 'audit', 'recalls', 'rollouts'] as const) await store.list(kind)
  await store.get('owners', 'a')
  await store.readAll()
  await store.readMeta?.()
}

describe.skipIf(isAbsent)('the README’s permissions', () => {
  let server: Redis
  let admin: Client
  let prefix: string
  beforeAll(async () => {
    server = await startRedis()
    admin = await connected(server.endpoint)
  })
  afterAll(async () => {
    admin?.destroy()
    await server?.close()
  })
  beforeEach(async () => {
    prefix = newPrefix()
    await admin.scriptFlush()
  })

  async function as(role: string, without: readonly string[], work: (client: RedisClient) => Promise<void>) {
    const [, , name = ''] = ruleOf(role)
    await admin.sendCommand(['ACL', 'DELUSER', name])
    const rule = ruleOf(role).map((word) => word.replace('production', prefix))
    await admin.sendCommand([...rule, ...without.map((command) => `-${command}`)])
    const client = await connected(server.endpoint, { username: name, password: 'SECRET' })
    try {
      await work(client)
    } finally {
      client.destroy()
    }
  }

  it('let an edge function read', async () => {
    await redisFlagStore({ client: admin, prefix }).init({ flags: {} })
    await as('edge', [], (client) => read(client, prefix))
  })

  it('let no edge function write, or read what is not for deciding', async () => {
    await redisFlagStore({ client: admin, prefix }).init({ flags: {} })
    await as('edge', [], async (client) => {
      const store = redisFlagStore({ client, prefix })
      const refused = { code: 'store_unavailable', message: expect.stringContaining('NOPERM') }
      await expect(store.upsert('features', { key: 'a', version: 1 })).rejects.toMatchObject(refused)
      await expect(store.list('recalls')).rejects.toMatchObject(refused)
      await expect(redisFlagReader({ client, prefix: 'other' }).readAll()).rejects.toMatchObject(refused)
    })
  })

  it('let a writer write', () => as('writer', [], (client) => write(client, prefix)))

  it.each(commandsOf('edge'))('has an edge function need %s', async (command) => {
    await redisFlagStore({ client: admin, prefix }).init({ flags: {} })
    await expect(as('edge', [command], (client) => read(client, prefix))).rejects.toThrow(/NOPERM/)
  })

  it.each(commandsOf('writer'))('has a writer need %s', async (command) => {
    await expect(as('writer', [command], (client) => write(client, prefix))).rejects.toThrow(
      /NOPERM|can't run this command/,
    )
  })
})
