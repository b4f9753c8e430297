import {
  ErrorCode,
  InMemoryProvider,
  OpenFeature,
  OpenFeatureEventEmitter,
  ProviderEvents,
  TypeMismatchError,
} from '@openfeature/server-sdk'
import { type EvaluationContext, isWaybillError, unsignedKeysForLocalUse, withEvaluatedFlags } from '@waybill/core'
import { afterEach, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../src/source.ts'
import { ada, flags, memory } from './memory-flags.ts'

afterEach(() => OpenFeature.clearProviders())

describe('any OpenFeature provider as a flag source', () => {
  it('decides declared flags of every kind, by the variant’s name and for the context’s key and attributes', async () => {
    const answer = await openFeatureSource(memory()).decide(ada, flags.all)
    expect(answer).toMatchObject({
      status: 'live',
      decisions: [
        { value: true, variation: 'canary' },
        { value: 'Good morning', variation: 'long' },
        { value: 20, variation: 'high' },
        { value: { columns: 3 }, variation: 'grid' },
      ],
    })
    const bob = await openFeatureSource(memory()).decide({ key: 'bob', country: 'NL' }, flags.all)
    expect(bob).toMatchObject({ decisions: [{ variation: 'control' }, {}, {}, {}] })
  })

  it('answers flag by flag: an unknown one and a wrong type do not spoil the others', async () => {
    const source = openFeatureSource(
      new InMemoryProvider({
        limit: { variants: { low: 10 }, defaultVariant: 'low', disabled: false },
        banner: { variants: { short: 7 as never }, defaultVariant: 'short', disabled: false },
      }),
    )
    const answer = await source.decide(ada, flags.all)
    expect(answer).toMatchObject({
      status: 'live',
      decisions: [{ cause: 'flag_not_found' }, { cause: 'wrong_type' }, { value: 10 }, { cause: 'flag_not_found' }],
    })
  })

  it('uses what is there at the deadline, when one flag takes too long', async () => {
    const slow = memory()
    const inTime = slow.resolveNumberEvaluation.bind(slow)
    slow.resolveNumberEvaluation = async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      return inTime(...args)
    }
    const answer = await openFeatureSource(slow, { deadlineMs: 40 }).decide(ada, flags.all)
    expect(answer).toMatchObject({
      status: 'live',
      decisions: [{ variation: 'canary' }, {}, { cause: 'source_unavailable' }, {}],
    })
  })

  it.each([
    [ErrorCode.PARSE_ERROR, 'malformed_flag'],
    [ErrorCode.TARGETING_KEY_MISSING, 'no_subject'],
    [ErrorCode.GENERAL, 'source_failed'],
  ])('says why a default is used: %s is %s', async (errorCode, cause) => {
    const provider = memory()
    provider.resolveStringEvaluation = async (_key, value) => ({ value, errorCode })
    expect(await openFeatureSource(provider).decide(ada, flags.all)).toMatchObject({
      decisions: [{}, { cause }, {}, {}],
    })
  })

  it('survives a provider that throws', async () => {
    const provider = memory()
    provider.resolveStringEvaluation = () => Promise.reject(new TypeError('bug'))
    provider.resolveNumberEvaluation = () => {
      throw new TypeMismatchError('no')
    }
    expect(await openFeatureSource(provider).decide(ada, flags.all)).toMatchObject({
      decisions: [{ variation: 'canary' }, { cause: 'source_failed' }, { cause: 'wrong_type' }, {}],
    })
  })

  it('keeps version, a percentage split and LaunchDarkly’s own reasons', async () => {
    const provider = memory()
    provider.resolveBooleanEvaluation = async () => ({
      value: true,
      variant: 'canary',
      reason: 'SPLIT',
      flagMetadata: { version: 12 },
    })
    provider.resolveStringEvaluation = async () => ({ value: 'Hi', variant: 'short', reason: 'TARGET_MATCH' })
    expect(await openFeatureSource(provider).decide(ada, flags.all)).toMatchObject({
      decisions: [
        { version: 12, reason: 'FALLTHROUGH', bucketed: true },
        { version: 0, reason: 'TARGET_MATCH', bucketed: false },
        {},
        {},
      ],
    })
  })

  it('says so when the provider is stale', async () => {
    const events = new OpenFeatureEventEmitter()
    const source = openFeatureSource(Object.assign(memory(), { events }))
    await source.warm?.()
    events.emit(ProviderEvents.Stale)
    expect(await source.decide(ada, flags.all)).toMatchObject({ status: 'stale' })
  })

  it('gives providers of several kinds the whole context, and the user’s key to those of one', async () => {
    const seen: unknown[] = []
    const provider = memory()
    provider.resolveNumberEvaluation = async (_key, value, context) => {
      seen.push(context)
      return { value }
    }
    await openFeatureSource(provider).decide(
      { kind: 'multi', user: { key: 'ada' }, organization: { key: 'acme' } } as EvaluationContext,
      flags.all,
    )
    expect(seen).toMatchObject([{ targetingKey: 'ada', kind: 'multi', organization: { key: 'acme' } }])
  })

  it('does not let a provider that hangs cost every request its deadline', async () => {
    let now = 0
    let asked = 0
    const hangs = memory()
    hangs.resolveBooleanEvaluation = () => {
      asked += 1
      return new Promise(() => {})
    }
    const only = flags.all.slice(0, 1)
    const source = openFeatureSource(hangs, { deadlineMs: 10, nowMs: () => now })
    const ask = async (atMs: number): Promise<number> => {
      now = atMs
      expect(await source.decide(ada, only)).toEqual({ status: 'unavailable' })
      return asked
    }
    expect([await ask(0), await ask(999), await ask(1000), await ask(2999), await ask(3000)]).toEqual([1, 1, 2, 2, 3])
    hangs.resolveBooleanEvaluation = memory().resolveBooleanEvaluation.bind(memory())
    now = 7000
    expect(await source.decide(ada, only)).toMatchObject({ status: 'live' })
  })

  it('tells an outage from flags that are missing, by the provider’s status', async () => {
    const events = new OpenFeatureEventEmitter()
    const source = openFeatureSource(Object.assign(new InMemoryProvider({}), { events }))
    const only = flags.all.slice(0, 1)
    expect(await source.decide(ada, only)).toEqual({ status: 'live', decisions: [{ cause: 'flag_not_found' }] })
    events.emit(ProviderEvents.Error, { message: 'no network' })
    expect(await source.decide(ada, only)).toEqual({ status: 'unavailable' })
    events.emit(ProviderEvents.Ready)
    expect(await source.decide(ada, only)).toMatchObject({ status: 'live' })
  })

  it('counts as stale what a provider decides while it is in error', async () => {
    const events = new OpenFeatureEventEmitter()
    const source = openFeatureSource(Object.assign(memory(), { events }))
    await source.warm?.()
    events.emit(ProviderEvents.Error, { message: 'no network' })
    expect(await source.decide(ada, flags.all)).toMatchObject({
      status: 'stale',
      decisions: [{ value: true }, {}, {}, {}],
    })
  })

  it.each([
    ['ERROR', 'source_failed'],
    ['FLAG_NOT_FOUND', 'flag_not_found'],
  ])(
    'takes no default for a decision where a provider says by its reason alone that it is an error: %s',
    async (reason, cause) => {
      const provider = memory()
      provider.resolveBooleanEvaluation = async (_key, value) => ({ value, reason })
      expect(await openFeatureSource(provider).decide(ada, flags.all)).toMatchObject({
        decisions: [{ cause }, {}, {}, {}],
      })
    },
  )

  it('says `targetingKey` instead of `key`, and lets the user say it otherwise', async () => {
    const seen: unknown[] = []
    const provider = memory()
    provider.resolveNumberEvaluation = async (_key, value, context) => {
      seen.push(context)
      return { value }
    }
    await openFeatureSource(provider).decide(ada, flags.all)
    await openFeatureSource(memory(), { toContext: () => ({}) }).decide(ada, flags.all)
    await openFeatureSource(provider, { toContext: ({ key }) => ({ userId: String(key) }) }).decide(ada, flags.all)
    expect(seen).toEqual([{ targetingKey: 'ada', country: 'NL' }, { userId: 'ada' }])
  })

  it('answers where the user’s own function, a hook or a value of nothing breaks', async () => {
    const broken = openFeatureSource(memory(), {
      toContext: () => {
        throw new Error('bug')
      },
    })
    expect(await broken.decide(ada, flags.all.slice(0, 1))).toEqual({
      status: 'live',
      decisions: [{ cause: 'source_failed' }],
    })
    const nothing = memory()
    nothing.resolveBooleanEvaluation = async () => undefined as never
    nothing.resolveStringEvaluation = async () => ({ value: undefined, variant: 'short' }) as never
    const handler = withEvaluatedFlags(async () => flags.detail('banner'), {
      flags,
      keys: unsignedKeysForLocalUse(),
      source: openFeatureSource(nothing),
      context: () => ({ key: 'ada' }),
    })
    expect(await handler({})).toMatchObject({ variation: 'short', value: 'Hi', origin: 'default' })
    const hook = { before: () => Promise.reject(new Error('bug')) }
    OpenFeature.addHooks(hook)
    expect(await openFeatureSource(memory()).decide(ada, flags.all.slice(0, 1))).toMatchObject({
      decisions: [{ cause: 'source_failed' }],
    })
    OpenFeature.clearHooks()
  })

  it('refuses what is no provider, at set-up', () => {
    for (const wrong of [undefined, {}, { resolveBooleanEvaluation: 1 }]) {
      let thrown: unknown
      try {
        openFeatureSource(wrong as never)
      } catch (error) {
        thrown = error
      }
      expect(isWaybillError(thrown) && thrown.code).toBe('bad_option')
    }
    expect(() => openFeatureSource(memory(), { deadlineMs: 0 })).toThrow('deadlineMs')
    expect(() => openFeatureSource(memory(), { warmMs: 0 })).toThrow('warmMs')
    expect(() => openFeatureSource(memory(), { domain: '' })).toThrow('domain')
  })
})
