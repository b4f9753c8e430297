import middy, { type MiddlewareObj } from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import type { Observer } from '@waybill/core'
import { describe, expect, test } from 'vitest'
import { evaluateFlags } from '../src/evaluate-flags.ts'
import { canaryForAll, flags, keys, lambdaContext, notebook, ofUser, pause, type Request } from './fixture.ts'

const ours = (...observers: Observer[]): MiddlewareObj<Request> =>
  evaluateFlags({ flags, keys, source: canaryForAll, context: ofUser, observers })
const ada = { userId: 'ada' }
const answering = (response: unknown): MiddlewareObj => ({ before: async () => pause().then(() => response) })

describe('a middleware that answers early', () => {
  test('ahead of ours: nothing was begun, nothing is reported', async () => {
    const observer = notebook()
    const handler = middy(async (_event: Request) => 'handled')
      .use(answering('cached'))
      .use(ours(observer))
    expect(await handler(ada, lambdaContext)).toBe('cached')
    expect(await handler(ada, lambdaContext)).toBe('cached')
    expect(observer.reports).toEqual([])
  })

  test('behind ours: reported as such, once, when the next request comes', async () => {
    const observer = notebook()
    const replies = ['cached', undefined, undefined]
    const handler = middy(async (_event: Request) => flags.detail('new-order-flow').variation)
      .use(ours(observer))
      .use({ before: async () => replies.shift() })
    expect(await handler(ada, lambdaContext)).toBe('cached')
    expect(observer.reports).toEqual([])
    expect(await handler(ada, lambdaContext)).toBe('canary')
    expect(await handler(ada, lambdaContext)).toBe('canary')
    expect(observer.reports.map(({ outcome, counts }) => [outcome, counts.get('early_return')])).toEqual([
      ['early_return', 1],
      ['succeeded', undefined],
      ['succeeded', undefined],
    ])
  })

  test('behind ours, its scope does not reach the next request', async () => {
    const observer = notebook()
    const replies = ['cached', undefined]
    const handler = middy(async (_event: Request) => flags.detail('new-order-flow').cause)
      .use(ours(observer))
      .use({ before: async () => replies.shift() })
    await handler(ada, lambdaContext)
    expect(await handler({ userId: '' }, lambdaContext)).toBe('no_subject')
  })

  test('on the way out, after an error: the answer is what counts', async () => {
    const observer = notebook()
    const failing = middy(async (_event: Request): Promise<unknown> => {
      throw new Error('handler')
    })
      .use(ours(observer))
      .use({ onError: async () => ({ statusCode: 500 }) })
    expect(await failing(ada, lambdaContext)).toEqual({ statusCode: 500 })
    await failing(ada, lambdaContext)
    expect(observer.reports.map(({ outcome }) => outcome)).toEqual(['failed'])
  })
})

describe('an error', () => {
  const raising = (where: 'before' | 'after'): MiddlewareObj => ({
    [where]: async () => {
      await pause()
      throw new Error(`thrown ${where}`)
    },
  })

  test('thrown ahead of ours is none of ours', async () => {
    const observer = notebook()
    const handler = middy(async (_event: Request) => 'handled')
      .use(raising('before'))
      .use(ours(observer))
    await expect(handler(ada, lambdaContext)).rejects.toThrow('thrown before')
    expect(observer.reports).toEqual([])
  })

  test('thrown behind ours, before and after the handler, is a failure', async () => {
    for (const where of ['before', 'after'] as const) {
      const observer = notebook()
      const handler = middy(async (_event: Request) => 'handled')
        .use(ours(observer))
        .use(raising(where))
      await expect(handler(ada, lambdaContext)).rejects.toThrow(`thrown ${where}`)
      expect(observer.reports).toMatchObject([{ outcome: 'failed', error: { message: `thrown ${where}` } }])
    }
  })

  test('thrown in the handler is a failure', async () => {
    const observer = notebook()
    const handler = middy(async (_event: Request) => {
      throw new Error('handler')
    }).use(ours(observer))
    await expect(handler(ada, lambdaContext)).rejects.toThrow('handler')
    expect(observer.reports).toMatchObject([{ outcome: 'failed', error: { message: 'handler' } }])
  })

  test('that another onError made a response of is judged by that', async () => {
    const observer = notebook()
    const handler = middy(async (_event: Request): Promise<unknown> => {
      throw new Error('handler')
    })
      .use(ours(observer))
      .use({ onError: (request) => void Object.assign(request, { response: { statusCode: 200 } }) })
    expect(await handler(ada, lambdaContext)).toMatchObject({ statusCode: 200 })
    expect(observer.reports.map(({ outcome }) => outcome)).toEqual(['succeeded'])
  })

  test('that another onError throws on is reported when the next request comes', async () => {
    const observer = notebook()
    const handler = middy(async (_event: Request) => {
      throw new Error('handler')
    })
      .use(ours(observer))
      .use({
        onError: async () => {
          throw new Error('on the way out')
        },
      })
    await expect(handler(ada, lambdaContext)).rejects.toThrow('on the way out')
    await expect(handler(ada, lambdaContext)).rejects.toThrow('on the way out')
    expect(observer.reports).toMatchObject([{ outcome: 'failed', error: { message: 'on the way out' } }])
  })
})

describe('@middy/http-error-handler', () => {
  const errors = [
    { thrown: { statusCode: 404, message: 'no such order' }, status: 404, outcome: 'succeeded' },
    { thrown: { statusCode: 404, expose: false }, status: 500, outcome: 'failed' },
    { thrown: { statusCode: 503, expose: true, message: 'busy' }, status: 503, outcome: 'failed' },
    { thrown: { message: 'a bug' }, status: 500, outcome: 'failed' },
  ]
  test.each(errors)(
    '$thrown: the same report and response on either side of ours',
    async ({ thrown, status, outcome }) => {
      const seen = []
      for (const first of ['ours', 'theirs'] as const) {
        const observer = notebook()
        const both = [ours(observer), httpErrorHandler({ logger: () => undefined }) as MiddlewareObj]
        const handler = middy(async (_event: Request): Promise<unknown> => {
          throw Object.assign(new Error(), thrown)
        }).use(first === 'ours' ? both : both.reverse())
        const response = await handler(ada, lambdaContext)
        expect(response).toMatchObject({ statusCode: status })
        seen.push({ response, outcomes: observer.reports.map((report) => [report.outcome, [...report.counts]]) })
      }
      expect(seen[0]?.outcomes).toEqual([[outcome, []]])
      expect(seen[1]).toEqual(seen[0])
    },
  )
})
