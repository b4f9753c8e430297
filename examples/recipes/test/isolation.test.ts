import { fileURLToPath } from 'node:url'
import { createWaybill, keyRing, sealToken } from '@waybill/core'
import { type LambdaHost, startLambdaHost } from '@waybill/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const entry = (file: string): string => fileURLToPath(new URL(`./functions/${file}.ts`, import.meta.url))
const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
const seats = ['left', 'middle', 'right'] as const
const seatOf = (user: number): string => seats[user % 3] ?? ''
const handlers = ['wrappedEdge', 'middyEdge', 'wrappedInner', 'middyInner'] as const

let host: LambdaHost
beforeAll(() => {
  host = startLambdaHost({ env: { AWS_REGION: 'eu-west-1' } })
})
afterAll(() => host.close())

/** An invocation for this user: the user's name for an edge, a sealed decision for an inner function. */
function payloadFor(handler: (typeof handlers)[number], user: number): string {
  if (handler.endsWith('Edge')) return JSON.stringify({ user: String(user) })
  const seat = seatOf(user)
  const waybill = createWaybill({
    subject: `subject-${user}`,
    decisions: [{ flag: 'seat', variation: seat, value: seat }],
  })
  return JSON.stringify({ _waybill: sealToken(waybill, keys).token })
}

/** Sends 60 users at once; answers how many saw another's seat, and in how many processes they were served. */
async function mixUp(
  file: string,
  handler: (typeof handlers)[number],
  managedInstances?: number,
): Promise<[mixed: number, processes: number]> {
  const name = `${file}-${handler}-${managedInstances ?? 'one'}`
  host.deploy({
    name,
    entry: entry(file),
    handler,
    maxConcurrency: 1,
    ...(managedInstances ? { managedInstances } : {}),
  })
  const users = Array.from({ length: 60 }, (_, user) => user)
  const seen = await Promise.all(
    users.map(
      async (user) =>
        JSON.parse((await host.invoke(name, payloadFor(handler, user))).payload) as Record<string, unknown>,
    ),
  )
  await host.stop(name)
  const mixed = seen.filter((one, user) => one['before'] !== seatOf(user) || one['after'] !== seatOf(user))
  return [mixed.length, new Set(seen.map((one) => one['pid'])).size]
}

describe('under AWS’s runtime interface client', () => {
  it.each(handlers)(
    '%s: ten concurrent invocations in one process (Managed Instances) keep to themselves',
    async (handler) => {
      expect(await mixUp('isolation', handler, 10)).toEqual([0, 1])
    },
  )

  it.each(handlers)('%s: one invocation after the other keeps to itself', async (handler) => {
    expect(await mixUp('isolation', handler)).toEqual([0, 1])
  })

  it.each(handlers)('%s: the same test sees a scope that is module-global', async (handler) => {
    const [mixed] = await mixUp('isolation-broken', handler, 10)
    expect(mixed).toBeGreaterThan(0)
  })

  it('nothing is left for the invocation that follows', async () => {
    for (const managedInstances of [undefined, 10]) {
      const name = `left-${managedInstances ?? 'one'}`
      host.deploy({
        name,
        entry: entry('isolation-chooser'),
        handler: 'choose',
        maxConcurrency: 1,
        ...(managedInstances ? { managedInstances } : {}),
      })
      for (const handler of handlers) {
        await host.invoke(name, JSON.stringify({ ...JSON.parse(payloadFor(handler, 1)), handler }))
        expect(JSON.parse((await host.invoke(name, '{"handler":"unwrapped"}')).payload)).toBe('no_scope')
      }
      await host.stop(name)
    }
  })
})
