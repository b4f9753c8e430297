import middy from '@middy/core'
import { currentWaybill, withDecisions, withEvaluatedFlags } from '@waybill/core'
import { describe, expect, test } from 'vitest'
import { evaluateFlags } from '../src/evaluate-flags.ts'
import { canaryForAll, flags, keys, lambdaContext, notebook, ofUser, pause, type Request, tokenOf } from './fixture.ts'

const options = { flags, keys, source: canaryForAll, context: ofUser }
const variationNow = (): string => flags.detail('new-order-flow').variation

describe('evaluateFlags', () => {
  test('decides for the handler', async () => {
    const handler = middy(async (_event: Request) => flags.get('new-order-flow')).use(evaluateFlags(options))
    expect(await handler({ userId: 'ada' }, lambdaContext)).toBe(true)
  })

  test('decides for a handler behind an asynchronous middleware', async () => {
    const handler = middy(async (_event: Request) => variationNow())
      .use({ before: () => pause() })
      .use(evaluateFlags(options))
    expect(await handler({ userId: 'ada' }, lambdaContext)).toBe('canary')
  })

  test('decides for asynchronous middlewares after it, and for the handler behind them', async () => {
    const seen: string[] = []
    const handler = middy(async (_event: Request) => variationNow())
      .use(evaluateFlags(options))
      .use({
        before: async () => {
          await pause()
          seen.push(variationNow())
        },
        after: () => void seen.push(variationNow()),
      })
    expect(await handler({ userId: 'ada' }, lambdaContext)).toBe('canary')
    expect(seen).toEqual(['canary', 'canary'])
  })

  test('serves a frozen event, and takes a token from outside out of it', async () => {
    const event = Object.freeze({
      userId: 'ada',
      requestContext: Object.freeze({ http: {} }),
      headers: Object.freeze({ 'X-Waybill': tokenOf('control'), accept: '*/*' }),
    })
    const handler = middy(async ({ headers }: typeof event) => ({ headers, variation: variationNow() })).use(
      evaluateFlags(options),
    )
    expect(await handler(event, lambdaContext)).toEqual({ headers: { accept: '*/*' }, variation: 'canary' })
    expect(Object.keys(event.headers)).toContain('X-Waybill')
  })

  test('runs the handler on declared defaults when the source throws and when the context function does', async () => {
    const observer = notebook()
    const broken = () => {
      throw new Error('broken')
    }
    const sourceless = middy(async (_event: Request) => variationNow()).use(
      evaluateFlags({ ...options, source: { decide: broken }, observers: [observer] }),
    )
    const subjectless = middy(async (_event: Request) => variationNow()).use(
      evaluateFlags({ ...options, context: broken, observers: [observer] }),
    )
    expect(await sourceless({ userId: 'ada' }, lambdaContext)).toBe('control')
    expect(await subjectless({ userId: 'ada' }, lambdaContext)).toBe('control')
    expect(observer.reports.map(({ counts }) => [...counts.keys()])).toEqual([['source_failed'], ['no_subject']])
  })

  test('lets a handler test force decisions', async () => {
    const handler = middy(async (_event: Request) => variationNow()).use(evaluateFlags(options))
    const forced = withDecisions({ 'new-order-flow': 'control' }, () => handler({ userId: 'ada' }, lambdaContext))
    expect(await forced).toBe('control')
  })

  test('is strict at set-up', () => {
    expect(() => evaluateFlags({ ...options, source: undefined as never })).toThrow(/bad_option/)
  })

  test('takes the type of the event from its context function', async () => {
    const handler = middy<{ body: string }>(async ({ body }: { body: string }) => body).use(
      evaluateFlags({ ...options, context: (event: { tenant: string }) => ({ key: event.tenant }) }),
    )
    expect(await handler({ body: 'both', tenant: 'acme' }, lambdaContext)).toBe('both')
    // @ts-expect-error the tenant is missing
    const untyped = (): Promise<string> => handler({ body: 'both' }, lambdaContext)
    expect(untyped).toBeTypeOf('function')
  })
})

describe('a scope that Middy entered', () => {
  test('is closed for whoever awaits the handler', async () => {
    const handler = middy(async (_event: Request) => variationNow()).use(evaluateFlags(options))
    await handler({ userId: 'ada' }, lambdaContext)
    expect(flags.detail('new-order-flow')).toMatchObject({ variation: 'control', cause: 'scope_closed' })
  })

  test('belongs to the inner of two nested handlers; what runs after that one is outside', async () => {
    const inner = middy(async (_event: Request) => currentWaybill()?.subject).use(evaluateFlags(options))
    const outer = middy(async (_event: Request) => {
      const before = currentWaybill()?.subject
      const within = await inner({ userId: 'grace' }, lambdaContext)
      return [before, within, flags.detail('new-order-flow').cause]
    }).use(evaluateFlags(options))
    expect(await outer({ userId: 'ada' }, lambdaContext)).toEqual([
      keys.fingerprint('ada'),
      keys.fingerprint('grace'),
      'scope_closed',
    ])
  })

  test('ends with the inner handler where that one is wrapped instead', async () => {
    const inner = withEvaluatedFlags(async (_event: Request) => currentWaybill()?.subject, options)
    const outer = middy(async (_event: Request) => [await inner({ userId: 'grace' }), currentWaybill()?.subject]).use(
      evaluateFlags(options),
    )
    expect(await outer({ userId: 'ada' }, lambdaContext)).toEqual([keys.fingerprint('grace'), keys.fingerprint('ada')])
  })
})
