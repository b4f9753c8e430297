import { type Client, type EvaluationDetails, type FlagValue, type Hook, OpenFeature } from '@openfeature/server-sdk'
import { createWaybill, keyRing, sealToken, withEvaluatedFlags, withHonouredDecisions } from '@waybill/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waybillProvider } from '../src/provider.ts'
import { openFeatureSource } from '../src/source.ts'
import { ada, flags, memory } from './memory-flags.ts'

/*
 * The scenarios of the OpenFeature specification (https://openfeature.dev/specification/appendix-b), as a consumer of
 * propagated decisions meets them. Where its stable provider says STATIC, TARGETING_MATCH or DEFAULT, ours says CACHED:
 * the decision was made elsewhere, and how is in the metadata.
 */
const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 3) } })
const template = { showImages: true, title: 'Look at these', imagesPerPage: 100 }
const cases = [
  ['a boolean', 'boolean', 'boolean-flag', 'on', true, false],
  ['a string', 'string', 'string-flag', 'greeting', 'hi', 'bye'],
  ['an integer', 'number', 'integer-flag', 'ten', 10, 1],
  ['a float', 'number', 'float-flag', 'half', 0.5, 0.1],
  ['an object', 'object', 'object-flag', 'template', template, {}],
  ['a list', 'object', 'list-flag', 'two', [1, 2], []],
  ['false', 'boolean', 'boolean-zero-flag', 'zero', false, true],
  ['no text', 'string', 'string-zero-flag', 'zero', '', 'hi'],
  ['zero', 'number', 'number-zero-flag', 'zero', 0, 1],
  ['an empty object', 'object', 'object-zero-flag', 'zero', {}, { a: 1 }],
  ['null', 'object', 'null-flag', 'nothing', null, { a: 1 }],
] as const
type Kind = (typeof cases)[number][1]

const large = Array.from({ length: 400 }, (_, n) => n)
const { token = '' } = sealToken(
  createWaybill({
    decisions: [
      ...cases.map(([, , flag, variation, value]) => ({
        flag,
        variation,
        value,
        version: 3,
        reason: 'RULE_MATCH' as const,
      })),
      { flag: 'large-flag', variation: 'all', value: large, version: 3 },
    ],
  }),
  keys,
)
const downstream = <T>(work: (client: Client) => Promise<T>): Promise<T> =>
  withHonouredDecisions(async () => work(OpenFeature.getClient()), { flags, keys })({ _waybill: token }) as Promise<T>

function details(client: Client, kind: Kind, key: string, otherwise: unknown): Promise<EvaluationDetails<FlagValue>> {
  switch (kind) {
    case 'boolean':
      return client.getBooleanDetails(key, otherwise as boolean)
    case 'string':
      return client.getStringDetails(key, otherwise as string)
    case 'number':
      return client.getNumberDetails(key, otherwise as number)
    default:
      return client.getObjectDetails(key, otherwise as never)
  }
}

beforeAll(() => OpenFeature.setProviderAndWait(waybillProvider()))
afterAll(() => OpenFeature.clearProviders())

describe('the specification’s scenarios', () => {
  it.each(cases)(
    'resolve %s: value, key, variant, reason and metadata',
    async (_what, kind, key, variant, value, otherwise) => {
      expect(await downstream((client) => details(client, kind, key, otherwise))).toEqual({
        flagKey: key,
        value,
        variant,
        reason: 'CACHED',
        flagMetadata: { version: 3, reason: 'RULE_MATCH', origin: 'propagated' },
      })
    },
  )

  it.each(cases)(
    'a flag that is not there gives the code’s default: %s',
    async (_what, kind, _key, _variant, _value, otherwise) => {
      expect(await downstream((client) => details(client, kind, 'missing-flag', otherwise))).toMatchObject({
        value: otherwise,
        reason: 'ERROR',
        errorCode: 'FLAG_NOT_FOUND',
      })
    },
  )

  it.each([
    ['boolean', 'string-flag', false],
    ['string', 'boolean-flag', 'bye'],
    ['number', 'boolean-flag', 1],
    ['object', 'boolean-flag', { a: 1 }],
    ['boolean', 'null-flag', true],
  ] as const)(
    'a value of another type gives the code’s default: asked as %s, it is %s',
    async (kind, key, otherwise) => {
      expect(await downstream((client) => details(client, kind, key, otherwise))).toMatchObject({
        value: otherwise,
        reason: 'ERROR',
        errorCode: 'TYPE_MISMATCH',
      })
    },
  )

  it('a value too large to travel, and not declared here, is an error, which no other provider is to make good', async () => {
    const said = await downstream((client) => client.getObjectDetails('large-flag', []))
    expect(said).toMatchObject({ value: [], reason: 'ERROR', errorCode: 'GENERAL' })
    expect(said.errorMessage).toContain('declare it')
  })

  it('hooks run in their order, and learn how it went', async () => {
    const ran: unknown[] = []
    const hook: Hook = {
      before: ({ flagKey }) => void ran.push(['before', flagKey]),
      after: (_context, { value, variant, reason }) => void ran.push(['after', value, variant, reason]),
      error: (_context, error) => void ran.push(['error', (error as { code?: string }).code]),
      finally: (_context, { value, reason, errorCode }) => void ran.push(['finally', value, reason, errorCode]),
    }
    await downstream(async (client) => {
      client.addHooks(hook)
      await client.getBooleanValue('boolean-flag', false)
      await client.getStringValue('missing-flag', 'uh-oh')
      await client.getBooleanValue('string-flag', false)
    })
    expect(ran).toEqual([
      ['before', 'boolean-flag'],
      ['after', true, 'on', 'CACHED'],
      ['finally', true, 'CACHED', undefined],
      ['before', 'missing-flag'],
      ['error', 'FLAG_NOT_FOUND'],
      ['finally', 'uh-oh', 'ERROR', 'FLAG_NOT_FOUND'],
      ['before', 'string-flag'],
      ['error', 'TYPE_MISMATCH'],
      ['finally', false, 'ERROR', 'TYPE_MISMATCH'],
    ])
  })

  it('the context decides, where the decision is made: at the edge, and no client’s own downstream', async () => {
    const source = openFeatureSource(memory())
    const ask = () =>
      OpenFeature.getClient().getBooleanDetails('new-order-flow', false, { targetingKey: 'x', country: 'BE' })
    const edge = (context: object) =>
      withEvaluatedFlags(ask, { flags, keys, source, context: () => context as never })({}) as ReturnType<typeof ask>
    expect(await edge(ada)).toMatchObject({ value: true, variant: 'canary', reason: 'TARGETING_MATCH' })
    expect(await edge({ key: 'bob' })).toMatchObject({ value: false, variant: 'control' })
    expect(await edge({})).toMatchObject({ value: false, variant: 'control', reason: 'DEFAULT' })
  })

  it('neither the client’s context nor the decision is changed by an evaluation, or by who asked for it', async () => {
    const context = { targetingKey: 'x', tags: ['a'] }
    await downstream(async (client) => {
      const first = await client.getObjectDetails('object-flag', {}, context)
      expect(Object.isFrozen(first.flagMetadata)).toBe(true)
      try {
        Object.assign(first.value as object, { title: 'mine' })
      } catch {
        // Frozen is as good as copied.
      }
      expect(await client.getObjectValue('object-flag', {})).toEqual(template)
    })
    expect(context).toEqual({ targetingKey: 'x', tags: ['a'] })
  })

  it('a client is ready as soon as the provider is set', () => {
    expect(OpenFeature.getClient().providerStatus).toBe('READY')
    expect(OpenFeature.providerMetadata.name).toBe('waybill')
  })
})
