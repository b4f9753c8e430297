import {
  AsyncLocalStorageTransactionContextPropagator,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
} from '@openfeature/server-sdk'
import { afterEach, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../src/source.ts'
import { ada, flags, memory } from './memory-flags.ts'

afterEach(() => OpenFeature.clearProviders())

describe('an answer that is kept', () => {
  it('asks once for the same context while an answer is kept, until the configuration changes', async () => {
    let asked = 0
    const provider: Provider & { events: OpenFeatureEventEmitter } = Object.assign(memory(), {
      events: new OpenFeatureEventEmitter(),
      resolveNumberEvaluation: async () => {
        asked += 1
        return { value: 10 }
      },
    })
    let now = 0
    const source = openFeatureSource(provider, { cacheSeconds: 10, nowMs: () => now })
    await source.decide(ada, flags.all)
    await source.decide({ country: 'NL', key: 'ada' }, flags.all)
    expect(asked).toBe(1)
    await source.decide({ key: 'bob' }, flags.all)
    expect(asked).toBe(2)
    now = 10_000
    await source.decide(ada, flags.all)
    expect(asked).toBe(3)
    provider.events.emit(ProviderEvents.ConfigurationChanged)
    await source.decide(ada, flags.all)
    expect(asked).toBe(4)
  })

  it('keeps no answer that was asked for before the configuration changed, and no failure', async () => {
    let asked = 0
    let during = (): void => {}
    const events = new OpenFeatureEventEmitter()
    const provider: Provider = Object.assign(memory(), {
      events,
      resolveNumberEvaluation: async () => {
        asked += 1
        during()
        return { value: 10 }
      },
    })
    const source = openFeatureSource(provider, { cacheSeconds: 10, nowMs: () => 0 })
    await source.warm?.()
    during = () => events.emit(ProviderEvents.ConfigurationChanged)
    await source.decide(ada, flags.all)
    during = () => {}
    await source.decide(ada, flags.all)
    expect(asked).toBe(2)
    events.emit(ProviderEvents.ConfigurationChanged)
    during = () => {
      throw new Error('a moment’s trouble')
    }
    await source.decide(ada, flags.all)
    during = () => {}
    await source.decide(ada, flags.all)
    expect(asked).toBe(4)
  })

  it('keeps apart users who differ by OpenFeature’s own context alone', async () => {
    OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator())
    const source = openFeatureSource(memory(), { cacheSeconds: 10 })
    const forCountry = (country: string) =>
      new Promise((resolve) => {
        OpenFeature.setTransactionContext({ country, since: new Date(0) }, () => {
          resolve(source.decide({ key: 'ada' }, flags.all))
        })
      })
    expect(await forCountry('NL')).toMatchObject({ decisions: [{ variation: 'canary' }, {}, {}, {}] })
    expect(await forCountry('BE')).toMatchObject({ decisions: [{ variation: 'control' }, {}, {}, {}] })
    OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR)
  })

  it('keeps at most 500 answers, the newest', async () => {
    let asked = 0
    const provider = memory()
    provider.resolveNumberEvaluation = async () => {
      asked += 1
      return { value: 10 }
    }
    const source = openFeatureSource(provider, { cacheSeconds: 10, nowMs: () => 0 })
    for (let user = 0; user <= 500; user += 1) await source.decide({ key: `u${user}` }, flags.all)
    await source.decide({ key: 'u1' }, flags.all)
    expect(asked).toBe(501)
    await source.decide({ key: 'u0' }, flags.all)
    expect(asked).toBe(502)
  })
})
