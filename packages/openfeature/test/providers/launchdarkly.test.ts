import { TestData } from '@launchdarkly/node-server-sdk/integrations'
import { LaunchDarklyProvider } from '@launchdarkly/openfeature-node-server'
import { OpenFeature } from '@openfeature/server-sdk'
import type { EvaluationContext } from '@waybill/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFeatureSource } from '../../src/source.ts'
import { ada, flags } from '../memory-flags.ts'

let data: TestData
let complaints: unknown[]
const logger = {
  error: (...what: unknown[]) => complaints.push(what),
  warn: (...what: unknown[]) => complaints.push(what),
  info: () => {},
  debug: () => {},
}
const provider = () =>
  new LaunchDarklyProvider('sdk-key', { updateProcessor: data.getFactory(), sendEvents: false, logger })

beforeEach(async () => {
  complaints = []
  data = new TestData()
  await data.update(
    data
      .flag('new-order-flow')
      .booleanFlag()
      .fallthroughVariation(false)
      .ifMatch('user', 'country', 'NL')
      .thenReturn(true),
  )
  await data.update(data.flag('banner').variations('Hi', 'Good morning').fallthroughVariation(1))
  await data.update(data.flag('limit').variations(10, 20).on(false).offVariation(1))
  await data.update(data.flag('layout').variations({ columns: 1 }, { columns: 3 }).variationForUser('ada', 1))
})
afterEach(() => OpenFeature.clearProviders())

describe('LaunchDarkly’s provider', () => {
  it('reasons survive; a variation’s index is all that it says of it, and the version is lost', async () => {
    expect(await openFeatureSource(provider()).decide(ada, flags.all)).toEqual({
      status: 'live',
      decisions: [
        { value: true, variation: '0', version: 0, reason: 'RULE_MATCH', bucketed: false },
        { value: 'Good morning', variation: '1', version: 0, reason: 'FALLTHROUGH', bucketed: false },
        { value: 20, variation: '1', version: 0, reason: 'OFF', bucketed: false },
        { value: { columns: 3 }, variation: '1', version: 0, reason: 'TARGET_MATCH', bucketed: false },
      ],
    })
    expect(complaints).toEqual([])
  })

  it('a change is seen at once, by a source that keeps answers too', async () => {
    const source = openFeatureSource(provider(), { cacheSeconds: 600 })
    expect(await source.decide(ada, flags.all)).toMatchObject({ decisions: [{ value: true }, {}, {}, {}] })
    await data.update(data.flag('new-order-flow').booleanFlag().variationForAll(false))
    expect(await source.decide(ada, flags.all)).toMatchObject({ decisions: [{ value: false }, {}, {}, {}] })
  })

  it('takes contexts of several kinds as they are, without a complaint for each evaluation', async () => {
    const context = {
      kind: 'multi',
      user: { key: 'ada', country: 'NL' },
      organization: { key: 'acme' },
    } as EvaluationContext
    const source = openFeatureSource(provider(), { toContext: (known) => known as never })
    expect(await source.decide(context, flags.all)).toMatchObject({
      decisions: [{ value: true }, {}, {}, { reason: 'TARGET_MATCH' }],
    })
    expect(complaints).toEqual([])
  })

  it('has no answer while LaunchDarkly is down', async () => {
    const down = 'http://127.0.0.1:1'
    const options = { baseUri: down, streamUri: down, sendEvents: false, diagnosticOptOut: true, logger }
    const source = openFeatureSource(new LaunchDarklyProvider('sdk-key', options, 0.1), { deadlineMs: 400 })
    expect(await source.decide(ada, flags.all)).toEqual({ status: 'unavailable' })
    await source.warm?.()
    expect(await source.decide(ada, flags.all)).toEqual({ status: 'unavailable' })
  })
})
