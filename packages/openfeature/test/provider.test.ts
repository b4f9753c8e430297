import { FirstMatchStrategy, InMemoryProvider, MultiProvider, OpenFeature } from '@openfeature/server-sdk'
import { createWaybill, declareFlags, keyRing, sealToken, withHonouredDecisions } from '@waybill/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waybillProvider } from '../src/provider.ts'

const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 3) } })
const flags = declareFlags({
  'boolean-flag': { variations: { on: true, off: false }, default: 'off' },
  'not-decided': { variations: { on: true, off: false }, default: 'off' },
  'too-old': { variations: { on: true, off: false }, default: 'off', maxAgeSeconds: 60 },
})
const { token = '' } = sealToken(
  createWaybill({
    decidedAtSeconds: Math.floor(Date.now() / 1000) - 100,
    decisions: [
      { flag: 'boolean-flag', variation: 'on', value: true, version: 7, reason: 'FALLTHROUGH', bucketed: true },
      { flag: 'too-old', variation: 'on', value: true, version: 7 },
    ],
  }),
  keys,
)
const consume = <T>(work: () => Promise<T>): Promise<T> =>
  withHonouredDecisions(async () => work(), { flags, keys })({ _waybill: token }) as Promise<T>

beforeEach(() => OpenFeature.setProviderAndWait(waybillProvider()))
afterEach(() => OpenFeature.close())

describe('an OpenFeature client downstream', () => {
  it('gets the declared default, as an answer, where a policy of this function says so', async () => {
    await consume(async () => {
      expect(await OpenFeature.getClient().getBooleanDetails('too-old', true)).toMatchObject({
        value: false,
        variant: 'off',
        reason: 'DEFAULT',
      })
    })
  })

  it('gets its own default outside any invocation', async () => {
    expect(await OpenFeature.getClient().getBooleanDetails('boolean-flag', false)).toMatchObject({
      value: false,
      errorCode: 'FLAG_NOT_FOUND',
    })
  })

  it('asks the next provider only for what was not decided', async () => {
    const own = (variant: string) => ({ variants: { on: true, off: false }, defaultVariant: variant, disabled: false })
    const before = new InMemoryProvider({ 'boolean-flag': own('off'), 'not-decided': own('on'), 'too-old': own('on') })
    const all = new MultiProvider([{ provider: waybillProvider() }, { provider: before }], new FirstMatchStrategy())
    await OpenFeature.setProviderAndWait(all)
    const client = OpenFeature.getClient()
    await consume(async () => {
      expect(await client.getBooleanValue('boolean-flag', false)).toBe(true)
      expect(await client.getBooleanValue('not-decided', false)).toBe(true)
      expect(await client.getBooleanValue('too-old', true)).toBe(false)
    })
  })

  it('keeps concurrent invocations apart', async () => {
    const other = sealToken(
      createWaybill({ decisions: [{ flag: 'boolean-flag', variation: 'off', value: false }] }),
      keys,
    ).token
    const ask = async (): Promise<boolean> => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return OpenFeature.getClient().getBooleanValue('boolean-flag', false)
    }
    const handler = withHonouredDecisions(ask, { flags, keys })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => handler({ _waybill: n % 2 === 0 ? token : other } as never)),
    )
    expect(answers).toEqual(Array.from({ length: 20 }, (_, n) => n % 2 === 0))
  })
})
