import type { FlagStore } from '@waybill/flags'
import { Failure } from '../failure.ts'

/**
 * Marks a store as filled that never was, and removes nothing that anybody wrote meanwhile: an `init` in our own name would
 * remove another terminal's first flag, one in LaunchDarkly's leaves alone whatever is Waybill's. It is not done while
 * LaunchDarkly's own writer is in the middle of its first fill.
 */
export async function markFilled(store: FlagStore): Promise<void> {
  if ((await store.readAll()) !== undefined) return
  const [flags, segments, owners] = await Promise.all([
    store.list('features'),
    store.list('segments'),
    store.list('owners'),
  ])
  if (owners.some(({ owner }) => owner !== 'waybill') || owners.length < flags.length + segments.length) {
    throw new Failure('refused', 'The store is being filled by another writer: wait until it has finished')
  }
  await store.as('launchdarkly').init({ flags: {}, segments: {} })
}
