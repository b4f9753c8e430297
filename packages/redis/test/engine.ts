import { findRedisServer } from '@waybill/local'
import { createClient } from 'redis'
import { vi } from 'vitest'

// A machine that does other things as well takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Says why the suite is passed over. */
export const isAbsent: boolean = findRedisServer() === undefined
if (isAbsent) console.log('redis-server is not installed: the tests of @waybill/redis on a real server are passed over')

type Options = NonNullable<Parameters<typeof createClient>[0]>
export type Client = ReturnType<typeof clientAt>

/** Not connected yet. The cutter has an address of HTTP. */
export function clientAt(endpoint: string, { socket, ...options }: Options = {}) {
  const url = endpoint.replace('http:', 'redis:')
  const client = createClient({ url, ...options, socket: { reconnectStrategy: 20, ...socket } })
  // Without a listener, a connection that is lost ends the process.
  return client.on('error', () => {})
}

export async function connected(endpoint: string, options?: Options): Promise<Client> {
  const client = clientAt(endpoint, options)
  await client.connect()
  return client
}

let prefixes = 0
/** An environment that nobody has used. */
export function newPrefix(): string {
  prefixes += 1
  return `env-${prefixes}`
}
