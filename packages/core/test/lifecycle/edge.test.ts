import { describe, expect, it, vi } from 'vitest'
import {
  type Cause,
  currentWaybill,
  edgeLifecycle,
  type FlagSource,
  isWaybillError,
  withEvaluatedFlags,
} from '../../src/index.ts'
import { countsOf, evenUsers, flags, httpEvent, keys, userOf, watching } from '../support/fixtures.ts'
import { tokenFor } from '../support/tokens.ts'

const base = { flags, keys, source: evenUsers, context: userOf }

describe('an edge function', () => {
  it('decides every declared flag once and reads the same all through the handler', async () => {
    let asked = 0
    const source: FlagSource = {
      decide: (...args) => {
        asked += 1
        return evenUsers.decide(...args)
      },
    }
    const handler = withEvaluatedFlags(
      async (_event: { userId: string }) => {
        const before = flags.get('new-order-flow')
        await new Promise((resolve) => setTimeout(resolve, 1))
        return [before, flags.get('new-order-flow'), flags.get('pizza-size')]
      },
      { ...base, source },
    )
    expect(await handler({ userId: 'u2' })).toEqual([true, true, 20])
    expect(await handler({ userId: 'u1' })).toEqual([false, false, 20])
    expect(asked).toBe(2)
  })

  it('says how it came by a decision', async () => {
    const handler = withEvaluatedFlags((_event: { userId: string }) => flags.detail('new-order-flow'), base)
    expect(await handler({ userId: 'u2' })).toMatchObject({
      variation: 'canary',
      version: 7,
      reason: 'FALLTHROUGH',
      origin: 'evaluated',
      bucketed: true,
    })
  })

  it('keeps concurrent requests apart', async () => {
    const handler = withEvaluatedFlags(async (event: { userId: string }) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
      return [event.userId, flags.get('new-order-flow')]
    }, base)
    const users = Array.from({ length: 50 }, (_, index) => `u${index}`)
    const seen = await Promise.all(users.map((userId) => handler({ userId })))
    expect(seen).toEqual(users.map((user) => [user, Number(user.at(-1)) % 2 === 0]))
  })

  it('waits for a source and for a context that answer later', async () => {
    const later: FlagSource = { decide: async (...args) => evenUsers.decide(...args) }
    const context = async (event: { userId: string }): Promise<{ key: string }> => ({ key: event.userId })
    const handler = withEvaluatedFlags((_event: { userId: string }) => flags.get('new-order-flow'), {
      ...base,
      source: later,
      context,
    })
    expect(await handler({ userId: 'u2' })).toBe(true)
  })

  it('discards a token from outside, even a genuine one, and does not leave it for the handler to pass on', async () => {
    const { reports, observer } = watching()
    const handler = withEvaluatedFlags(
      (event: Record<string, unknown>) => [event['headers'], flags.get('new-order-flow')],
      { ...base, context: () => ({ key: 'u1' }), observers: [observer] },
    )
    const event = httpEvent({ 'X-Waybill': tokenFor('canary'), host: 'x' })
    expect(await handler(event)).toEqual([{ host: 'x' }, false])
    expect(countsOf(reports)).toEqual({ inbound_discarded: 1 })
  })
})

describe('when deciding goes wrong, the handler runs on declared defaults and one count says why', () => {
  const failing = (source: Partial<FlagSource>): FlagSource => ({ ...evenUsers, ...source })
  const boom = (): never => {
    throw new Error('boom')
  }
  const cases: [name: string, overrides: Partial<typeof base>, cause: Cause, count: number][] = [
    ['no context', { context: () => undefined }, 'no_subject', 1],
    ['an empty key', { context: () => ({ key: '' }) }, 'no_subject', 1],
    ['a context function that throws', { context: boom }, 'no_subject', 1],
    ['a context function that rejects', { context: (async () => boom()) as never }, 'no_subject', 1],
    [
      'a source without data',
      { source: failing({ decide: () => ({ status: 'unavailable' }) }) },
      'source_unavailable',
      1,
    ],
    ['a source that throws', { source: failing({ decide: boom }) }, 'source_failed', 1],
    ['a source that rejects', { source: failing({ decide: async () => boom() }) }, 'source_failed', 1],
    [
      'a source that answers with nothing',
      { source: failing({ decide: () => undefined as never }) },
      'source_failed',
      1,
    ],
    [
      'a source that answers with nothing, later',
      { source: failing({ decide: async () => undefined as never }) },
      'source_failed',
      1,
    ],
    [
      'flags missing from the data',
      { source: failing({ decide: () => ({ status: 'live', decisions: [] }) }) },
      'flag_not_found',
      2,
    ],
    [
      'values of another kind',
      { source: { decide: (_c, all) => ({ status: 'live', decisions: all.map(() => said('yes')) }) } },
      'wrong_type',
      2,
    ],
    [
      'a value that no variation has',
      { source: { decide: () => ({ status: 'live', decisions: [said(true), said(15)] }) } },
      'undeclared_variation',
      1,
    ],
  ]
  const said = (value: string | number | boolean) => ({ value, variation: 'v0', version: 1, reason: 'OFF' }) as const

  it.each(cases)('%s', async (_name, overrides, cause, count) => {
    const { reports, observer } = watching()
    const handler = withEvaluatedFlags(
      (_event: { userId: string }) => [flags.detail('pizza-size'), currentWaybill()?.decisions.size],
      { ...base, ...overrides, observers: [observer] },
    )
    const [detail, size] = await handler({ userId: 'u2' })
    expect(detail).toMatchObject({ value: 10, variation: 'small', origin: 'default', cause })
    expect(size).toBe(2)
    expect(countsOf(reports)).toEqual({ [cause]: count })
    expect(reports[0]?.outcome).toBe('succeeded')
  })

  it('stale data still decides, and is counted', async () => {
    const { reports, observer } = watching()
    const source: FlagSource = {
      decide: (...args) => ({ ...(evenUsers.decide(...args) as object), status: 'stale' }) as never,
    }
    const handler = withEvaluatedFlags((_event: { userId: string }) => flags.get('pizza-size'), {
      ...base,
      source,
      observers: [observer],
    })
    expect(await handler({ userId: 'u2' })).toBe(20)
    expect(countsOf(reports)).toEqual({ source_stale: 1 })
  })
})

describe('observers', () => {
  it('learn of failures: a thrown error, and a status of 500', async () => {
    const { reports, observer } = watching()
    const handler = withEvaluatedFlags(
      (event: { userId: string; status?: number }) => {
        if (event.status === undefined) throw new Error('handler')
        return { statusCode: event.status }
      },
      { ...base, observers: [observer] },
    )
    await expect(handler({ userId: 'u2' })).rejects.toThrow('handler')
    await handler({ userId: 'u2', status: 503 })
    await handler({ userId: 'u2', status: 404 })
    expect(reports.map((report) => report.outcome)).toEqual(['failed', 'failed', 'succeeded'])
  })

  it('are told of the observed flags before the handler runs, and of what was read after it', async () => {
    const told: unknown[] = []
    const handler = withEvaluatedFlags(
      (_event: { userId: string }) => {
        told.push('handler')
        return flags.get('pizza-size')
      },
      {
        ...base,
        observers: [
          {
            begin: (scope) => told.push(scope.observed().map((decision) => decision.variation)),
            end: (report) => told.push(report.reads.map((decision) => decision.flag)),
          },
        ],
      },
    )
    await handler({ userId: 'u2' })
    expect(told).toEqual([['canary'], 'handler', ['pizza-size']])
  })

  it('that throw anywhere break nothing, and the handler runs once', async () => {
    let runs = 0
    const boom = (): never => {
      throw new Error('observer')
    }
    const { reports, observer } = watching()
    const handler = withEvaluatedFlags((_event: { userId: string }) => ++runs, {
      ...base,
      observers: [
        { begin: boom, around: boom, end: boom },
        { around: (_s, run) => [run(), boom()] as never },
        observer,
      ],
    })
    expect(await handler({ userId: 'u2' })).toBe(1)
    expect(countsOf(reports)['observer_failed']).toBeGreaterThanOrEqual(2)
  })

  it('that wrap the handler are nested in their order and cannot swallow its error', async () => {
    const order: string[] = []
    const wrap = (name: string) => ({
      around: <T>(_scope: unknown, run: () => T): T => {
        order.push(`${name} in`)
        try {
          return run()
        } finally {
          order.push(`${name} out`)
        }
      },
    })
    const handler = withEvaluatedFlags(
      (_event: { userId: string }): string => {
        throw new Error('mine')
      },
      { ...base, observers: [wrap('a'), wrap('b')] },
    )
    await expect(handler({ userId: 'u2' })).rejects.toThrow('mine')
    expect(order).toEqual(['a in', 'b in', 'b out', 'a out'])
  })
})

describe('without an observer that reports counts', () => {
  it('each kind of loss is one line on the console, once', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const handler = withEvaluatedFlags((_event: object) => flags.get('pizza-size'), { ...base, observers: [{}] })
    await handler({})
    await handler({})
    const lines = warn.mock.calls.map(([line]) => JSON.parse(line))
    warn.mockRestore()
    expect(lines).toEqual([expect.objectContaining({ level: 'WARN', code: 'no_subject' })])
  })

  it('a source that answers after the handler was given up opens nothing', async () => {
    let answer: () => void = () => {}
    const slow: FlagSource = {
      decide: (...args) => new Promise((resolve) => (answer = () => resolve(evenUsers.decide(...args)))),
    }
    const open = edgeLifecycle({ ...base, source: slow })
    const passage = open({ userId: 'u2' }, undefined)
    const prepared = passage.prepare()
    passage.end({ error: new Error('timed out') })
    answer()
    await prepared
    expect(passage.scope.waybill()).toBeUndefined()
  })
})

describe('set-up', () => {
  it.each([
    ['flags', { flags: {} }],
    ['keys', { keys: {} }],
    ['source', { source: undefined }],
    ['context', { context: 'user' }],
  ])('refuses a bad %s by name', (option, overrides) => {
    const make = (): unknown => withEvaluatedFlags(() => 0, { ...base, ...overrides } as never)
    expect(make).toThrow(new RegExp(`option "${option}"`))
    try {
      make()
    } catch (error) {
      expect(isWaybillError(error) && error.code).toBe('bad_option')
    }
  })
})
