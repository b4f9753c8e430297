import {
  ErrorCode,
  InMemoryProvider,
  OpenFeature,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  ProviderFatalError,
  TypeMismatchError,
} from '@openfeature/server-sdk'
import { declareFlags, type EvaluationContext, isWaybillError } from '@waybill/core'
import { afterEach, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../src/source.ts'

const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control' },
  banner: { variations: { short: 'Hi', long: 'Good morning' }, default: 'short' },
  limit: { variations: { low: 10, high: 20 }, default: 'low' },
  layout: { variations: { list: { columns: 1 }, grid: { columns: 3 } }, default: 'list' },
})
const configuration = {
  'new-order-flow': {
    variants: { control: false, canary: true },
    defaultVariant: 'control',
    disabled: false,
    contextEvaluator: ({ targetingKey, country }: { targetingKey?: string; country?: unknown }) =>
      targetingKey === 'ada' && country === 'NL' ? 'canary' : 'control',
  },
  banner: { variants: { short: 'Hi', long: 'Good morning' }, defaultVariant: 'long', disabled: false },
  limit: { variants: { low: 10, high: 20 }, defaultVariant: 'high', disabled: false },
  layout: { variants: { list: { columns: 1 }, grid: { columns: 3 } }, defaultVariant: 'grid', disabled: false },
} as const
const memory = (): InMemoryProvider => new InMemoryProvider(structuredCloneless(configuration))
/** `contextEvaluator` cannot be cloned; the provider does not change what it is given. */
const structuredCloneless = (all: typeof configuration) => ({ ...all }) as never
const ada: EvaluationContext = { key: 'ada', country: 'NL' }

afterEach(() => OpenFeature.close())

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

  it('has no answer when the provider does not become ready, and is not waited for longer than the deadline', async () => {
    const never: Provider = Object.assign(memory(), { initialize: () => new Promise<void>(() => {}) })
    expect(await openFeatureSource(never, { deadlineMs: 20 }).decide(ada, flags.all)).toEqual({ status: 'unavailable' })
    const down = new ProviderFatalError('wrong credentials')
    const broken: Provider = Object.assign(memory(), { initialize: () => Promise.reject(down) })
    expect(await openFeatureSource(broken).decide(ada, flags.all)).toEqual({ status: 'unavailable' })
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
  })
})
