import { ConfigCatProvider } from '@openfeature/config-cat-provider'
import { OpenFeature } from '@openfeature/server-sdk'
import {
  createConsoleLogger,
  createFlagOverridesFromMap,
  LogLevel,
  OverrideBehaviour,
  PollingMode,
} from 'configcat-node'
import { afterEach, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../../src/source.ts'
import { ada, flags } from '../memory-flags.ts'

/** It has no objects: one is asked for as the JSON text that it is. */
const overrides = { 'new-order-flow': true, banner: 'Good morning', limit: 20, layout: '{"columns":3}' }

afterEach(() => OpenFeature.clearProviders())

describe('ConfigCat’s provider', () => {
  it('with local overrides: values survive, and nothing else is said', async () => {
    const provider = ConfigCatProvider.create('localhost', PollingMode.ManualPoll, {
      flagOverrides: createFlagOverridesFromMap(overrides, OverrideBehaviour.LocalOnly),
    })
    const said = { variation: '', version: 0, reason: 'PROVIDER', bucketed: false }
    expect(await openFeatureSource(provider).decide(ada, flags.all)).toEqual({
      status: 'live',
      decisions: [true, 'Good morning', 20, { columns: 3 }].map((value) => ({ value, ...said })),
    })
  })

  it('has no answer while ConfigCat is down, though it calls each flag missing', async () => {
    const provider = ConfigCatProvider.create(
      'configcat-sdk-1/0123456789012345678901/0123456789012345678901',
      PollingMode.AutoPoll,
      { baseUrl: 'http://127.0.0.1:1', maxInitWaitTimeSeconds: 0.1, logger: createConsoleLogger(LogLevel.Off) },
    )
    expect(await openFeatureSource(provider).decide(ada, flags.all)).toEqual({ status: 'unavailable' })
  })
})
