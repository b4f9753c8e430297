import { OpenFeature, type Provider, ProviderFatalError } from '@openfeature/server-sdk'
import { afterEach, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../src/source.ts'
import { ada, flags, memory } from './memory-flags.ts'

afterEach(() => OpenFeature.clearProviders())

describe('a provider’s registration and start', () => {
  it('has no answer when the provider does not become ready, and is not waited for longer than the deadline', async () => {
    const never: Provider = Object.assign(memory(), { initialize: () => new Promise<void>(() => {}) })
    expect(await openFeatureSource(never, { deadlineMs: 20 }).decide(ada, flags.all)).toEqual({ status: 'unavailable' })
    const down = new ProviderFatalError('wrong credentials')
    const broken: Provider = Object.assign(memory(), { initialize: () => Promise.reject(down) })
    expect(await openFeatureSource(broken).decide(ada, flags.all)).toEqual({ status: 'unavailable' })
  })

  it('asks a provider as soon as it has started, though requests had given up on it', async () => {
    let ready = (): void => {}
    const slow: Provider = Object.assign(memory(), {
      initialize: () => new Promise<void>((resolve) => (ready = resolve)),
    })
    const source = openFeatureSource(slow, { deadlineMs: 10, nowMs: () => 0 })
    expect(await source.decide(ada, flags.all)).toEqual({ status: 'unavailable' })
    ready()
    await source.warm?.()
    expect(await source.decide(ada, flags.all)).toMatchObject({ status: 'live' })
  })

  it('warms no longer than it may', async () => {
    const never: Provider = Object.assign(memory(), { initialize: () => new Promise<void>(() => {}) })
    await openFeatureSource(never, { warmMs: 10 }).warm?.()
  })

  it('is not answered for by the application’s own provider, or by the no-op, where its own could not be registered', async () => {
    let asked = 0
    const own = memory()
    own.resolveBooleanEvaluation = async () => {
      asked += 1
      return { value: true, variant: 'canary' }
    }
    await OpenFeature.setProviderAndWait(own)
    const failsAtOnce: Provider = Object.assign(memory(), {
      initialize: () => {
        throw new Error('no file')
      },
    })
    const forBrowsers = Object.assign(memory(), { runsOn: 'client' as const }) as unknown as Provider
    for (const provider of [failsAtOnce, forBrowsers]) {
      expect(await openFeatureSource(provider).decide(ada, flags.all)).toEqual({ status: 'unavailable' })
    }
    expect(asked).toBe(0)
    const source = openFeatureSource(memory(), { domain: 'orders' })
    expect(await source.decide(ada, flags.all)).toMatchObject({ status: 'live' })
    await OpenFeature.setProviderAndWait('orders', memory())
    expect(await source.decide(ada, flags.all)).toEqual({ status: 'unavailable' })
    await OpenFeature.clearProviders()
    expect(await openFeatureSource(memory()).decide(ada, flags.all)).toMatchObject({ status: 'live' })
  })

  it('says at set-up that an older SDK speaks for all', () => {
    Object.assign(OpenFeature, { getProvider: undefined })
    try {
      expect(() => openFeatureSource(memory())).toThrow('@openfeature/js-sdk')
    } finally {
      Reflect.deleteProperty(OpenFeature, 'getProvider')
    }
  })

  it.each(['the application’s default', 'another source’s'])(
    'starts a provider once, which is %s too, and waits for that start',
    async (whose) => {
      let starts = 0
      let ready = (): void => {}
      const provider: Provider = Object.assign(memory(), {
        initialize: () => {
          starts += 1
          return new Promise<void>((resolve) => (ready = resolve))
        },
      })
      if (whose === 'the application’s default') OpenFeature.setProvider(provider)
      const sources = [
        openFeatureSource(provider, { deadlineMs: 10 }),
        openFeatureSource(provider, { deadlineMs: 10 }),
        openFeatureSource(provider, { deadlineMs: 10, domain: 'another' }),
      ]
      for (const source of sources) expect(await source.decide(ada, flags.all)).toEqual({ status: 'unavailable' })
      const waiting = openFeatureSource(provider).decide(ada, flags.all)
      setTimeout(ready, 5)
      expect(await waiting).toMatchObject({ status: 'live' })
      for (const source of sources) {
        await source.warm?.()
        expect(await source.decide(ada, flags.all)).toMatchObject({ status: 'live' })
      }
      expect(starts).toBe(1)
    },
  )
})
