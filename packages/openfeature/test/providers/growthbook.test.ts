import { GrowthbookProvider } from '@openfeature/growthbook-provider'
import { OpenFeature } from '@openfeature/server-sdk'
import { afterEach, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../../src/source.ts'
import { ada, flags } from '../memory-flags.ts'

const variations = ['Hi', 'Good morning']
/** https://docs.growthbook.io/lib/build-your-own: users are split by the attribute that the rule names. */
const features = {
  'new-order-flow': { defaultValue: false, rules: [{ condition: { country: 'NL' }, force: true }] },
  banner: {
    defaultValue: 'Hi',
    rules: [{ variations, weights: [0, 1], hashAttribute: 'targetingKey', meta: [{ key: 'short' }, { key: 'long' }] }],
  },
  limit: { defaultValue: 20 },
  layout: { defaultValue: { columns: 3 } },
}

afterEach(() => OpenFeature.clearProviders())

describe('GrowthBook’s provider', () => {
  it('an experiment’s variation survives; reasons and versions do not', async () => {
    const source = openFeatureSource(new GrowthbookProvider({}, { payload: { features } }))
    expect(await source.decide(ada, flags.all)).toEqual({
      status: 'live',
      decisions: [
        { value: true, variation: '', version: 0, reason: 'PROVIDER', bucketed: false },
        { value: 'Good morning', variation: 'long', version: 0, reason: 'PROVIDER', bucketed: false },
        { value: 20, variation: '', version: 0, reason: 'PROVIDER', bucketed: false },
        { value: { columns: 3 }, variation: '', version: 0, reason: 'PROVIDER', bucketed: false },
      ],
    })
  })

  it('a new payload is seen at once, by a source that keeps answers too', async () => {
    const provider = new GrowthbookProvider({}, { payload: { features } })
    const source = openFeatureSource(provider, { cacheSeconds: 600 })
    await source.decide(ada, flags.all)
    // Private in its types: it is what the provider's own streaming calls.
    const { client } = provider as unknown as { client: { setPayload(payload: object): Promise<void> } }
    await client.setPayload({ features: { ...features, limit: { defaultValue: 10 } } })
    expect(await source.decide(ada, flags.all)).toMatchObject({ decisions: [{}, {}, { value: 10 }, {}] })
  })

  it('calls all flags missing while GrowthBook is down: it says of itself that it is ready', async () => {
    const provider = new GrowthbookProvider({ apiHost: 'http://127.0.0.1:1', clientKey: 'sdk-key' }, { timeout: 100 })
    expect(await openFeatureSource(provider).decide(ada, flags.all)).toEqual({
      status: 'live',
      decisions: Array.from({ length: 4 }, () => ({ cause: 'flag_not_found' })),
    })
  })
})
