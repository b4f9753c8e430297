import { init, type LDClient, type LDOptions } from '@launchdarkly/node-server-sdk'
import { type KeyRing, stampEvent, withEvaluatedFlags, withHonouredDecisions } from '@waybill/core'
import { cachedSource, type FlagStore } from '@waybill/flags'
import { launchDarklyFeatureStore } from '@waybill/launchdarkly'
import { flags } from './flags.ts'

/*
 * From LaunchDarkly's SDK in every function to Waybill at the edge, a step at a time. Each step can be deployed by itself,
 * function by function, and taken back.
 */

export interface Order {
  readonly userId: string
}

/** What both functions of the chain say: which flow they ran. */
export interface Ran {
  readonly canary: boolean
}

/** How a function asked before: each one by itself. */
const bySdk =
  (client: LDClient) =>
  async ({ userId }: Order): Promise<Ran> => ({
    canary: await client.variation('new-order-flow', { kind: 'user', key: userId }, false),
  })

/** Before: each environment of each function holds a stream to LaunchDarkly, and waits for it when it starts. */
export async function withStream(sdkKey: string, options: LDOptions) {
  const client = init(sdkKey, options)
  await client.waitForInitialization({ timeout: 5 })
  return { handler: bySdk(client), close: () => client.close() }
}

/*
 * Step 1: deploy `launchdarkly-pipeline.ts`. The table is filled, and nobody reads it yet.
 */

/** Step 2, in each function, two options: the SDK reads the table, and holds no connection. What asks it stays as it is. */
export async function withDaemonMode(store: FlagStore, options: LDOptions) {
  const client = init('sdk-key', { ...options, useLdd: true, featureStore: launchDarklyFeatureStore(store) })
  await client.waitForInitialization({ timeout: 5 })
  return { handler: bySdk(client), close: () => client.close() }
}

/** Step 3, at the edge: it decides by the same table, and what it sends carries the decision. Without effect further in. */
export function atTheEdge(store: FlagStore, keys: KeyRing, send: (order: Order) => Promise<Ran>) {
  return withEvaluatedFlags(
    async (order: Order) => ({ edge: { canary: flags.get('new-order-flow') }, inside: await send(stampEvent(order)) }),
    { flags, keys, source: cachedSource(store, { ttlSeconds: 15 }), context: ({ userId }: Order) => ({ key: userId }) },
  )
}

/** Step 4, in each function behind the edge: it runs what was decided. No SDK, no store, no permission, no cold start of either. */
export function inside(keys: KeyRing) {
  return withHonouredDecisions(async (_order: Order): Promise<Ran> => ({ canary: flags.get('new-order-flow') }), {
    flags,
    keys,
  })
}

/** Step 5, flag by flag and only if you like: from now on `waybill` writes it, and the pipeline leaves it alone. */
export async function handOver(store: FlagStore, flag: string): Promise<void> {
  const owner = await store.get('owners', flag)
  if (owner === undefined) throw new Error(`there is no flag ${flag}`)
  await store.put('owners', { ...owner, owner: 'waybill', version: owner.version + 1 }, { ifVersion: owner.version })
}
