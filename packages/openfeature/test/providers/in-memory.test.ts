import { OpenFeature } from '@openfeature/server-sdk'
import { afterEach, expect, it } from 'vitest'
import { openFeatureSource } from '../../src/source.ts'
import { ada, flags, memory } from '../memory-flags.ts'

afterEach(() => OpenFeature.clearProviders())

it('variant survives, a rule is told from none, and a change is seen at once', async () => {
  const provider = memory()
  const source = openFeatureSource(provider, { cacheSeconds: 60 })
  expect(await source.decide(ada, flags.all)).toEqual({
    status: 'live',
    decisions: [
      { value: true, variation: 'canary', version: 0, reason: 'RULE_MATCH', bucketed: false },
      { value: 'Good morning', variation: 'long', version: 0, reason: 'PROVIDER', bucketed: false },
      { value: 20, variation: 'high', version: 0, reason: 'PROVIDER', bucketed: false },
      { value: { columns: 3 }, variation: 'grid', version: 0, reason: 'PROVIDER', bucketed: false },
    ],
  })
  provider.putConfiguration({ limit: { variants: { low: 10 }, defaultVariant: 'low', disabled: false } })
  expect(await source.decide(ada, flags.all)).toMatchObject({ decisions: [{}, {}, { variation: 'low' }, {}] })
})

it('a disabled flag answers with the declared default, as one that is off', async () => {
  const provider = memory()
  provider.putConfiguration({ limit: { variants: { high: 20 }, defaultVariant: 'high', disabled: true } })
  expect(await openFeatureSource(provider).decide(ada, flags.all)).toMatchObject({
    decisions: [{}, {}, { value: 10, reason: 'OFF' }, {}],
  })
})
