import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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

const SDK_KEY = 'configcat-sdk-1/0123456789012345678901/0123456789012345678901'

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

  it('variation ids, rules and changes are told, where the configuration comes from ConfigCat', async () => {
    // https://configcat.com/docs/advanced/config-json-format: a rule on one attribute that is one of a list.
    const rule = { c: [{ u: { a: 'Country', c: 0, l: ['NL'] } }], s: { v: { b: true }, i: 'canary' } }
    const configuration = (...r: object[]) => ({ f: { 'new-order-flow': { t: 0, r, v: { b: false }, i: 'control' } } })
    let served = configuration(rule)
    const server = createServer((_request, response) => void response.end(JSON.stringify(served)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const provider = ConfigCatProvider.create(SDK_KEY, PollingMode.LazyLoad, { baseUrl })
    const source = openFeatureSource(provider, { cacheSeconds: 600 })
    const only = flags.all.slice(0, 1)
    expect(await source.decide(ada, only)).toMatchObject({ decisions: [{ variation: 'canary', reason: 'RULE_MATCH' }] })
    served = configuration()
    await provider.configCatClient?.forceRefreshAsync()
    expect(await source.decide(ada, only)).toMatchObject({ decisions: [{ variation: 'control', reason: 'PROVIDER' }] })
    server.closeAllConnections()
    server.close()
  })

  it('has no answer while ConfigCat is down, though it calls each flag missing', async () => {
    const provider = ConfigCatProvider.create(SDK_KEY, PollingMode.AutoPoll, {
      baseUrl: 'http://127.0.0.1:1',
      maxInitWaitTimeSeconds: 0.1,
      logger: createConsoleLogger(LogLevel.Off),
    })
    expect(await openFeatureSource(provider).decide(ada, flags.all)).toEqual({ status: 'unavailable' })
  })
})
