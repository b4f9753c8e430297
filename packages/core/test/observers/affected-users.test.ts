import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import {
  type AffectedUser,
  affectedUsers,
  createWaybill,
  type DecisionInput,
  keyRing,
  sealToken,
  withEvaluatedFlags,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { countsOf, evenUsers, flags, httpEvent, keys, kinesisRecord, userOf, watching } from '../support/fixtures.ts'

const boom = (): never => {
  throw new Error('boom')
}
const nowMs = (): number => 1_000_000_000

/** Notes who was counted; a user is new once. */
function notes(answer: () => Promise<boolean> = async () => true) {
  const users: AffectedUser[] = []
  return { users, store: { add: (user: AffectedUser) => answer().finally(() => users.push(user)) } }
}

function eventOf(subject: string, change: Partial<DecisionInput> = {}): Record<string, unknown> {
  const decision = { flag: 'new-order-flow', variation: 'canary', value: true, version: 7, bucketed: true, ...change }
  const { token = '' } = sealToken(createWaybill({ subject, decisions: [decision] }), keys)
  return httpEvent({ 'x-waybill': token })
}

describe('affected users', () => {
  it('are counted when their request failed: flag, variation, version, and no id', async () => {
    const { users, store } = notes()
    const observers = [affectedUsers({ store, seenOneIn: 0, nowMs })]
    await withHonouredDecisions(() => 'fine', { flags, keys, observers })(eventOf('ada'))
    expect(users).toEqual([])
    await expect(withHonouredDecisions(boom, { flags, keys, observers })(eventOf('ada'))).rejects.toThrow('boom')
    expect(users).toEqual([
      {
        flag: 'new-order-flow',
        rollout: 'new-order-flow',
        variation: 'canary',
        version: 7,
        kind: 'error',
        subject: 'ada',
        expiresAtSeconds: 1_000_000 + 7 * 86_400,
      },
    ])
  })

  it('are counted where the answer was a failure, and at the edge that decided', async () => {
    const { users, store } = notes()
    const handler = withEvaluatedFlags(() => ({ statusCode: 503 }), {
      flags,
      keys,
      source: evenUsers,
      context: userOf,
      observers: [affectedUsers({ store, seenOneIn: 0 })],
    })
    await handler({ userId: 'user-2' })
    expect(users).toMatchObject([{ variation: 'canary', kind: 'error', subject: keys.fingerprint('user-2') }])
  })

  it('are asked of the store once an environment, and at the same time once', async () => {
    const { users, store } = notes()
    const handler = withHonouredDecisions(async () => boom(), {
      flags,
      keys,
      observers: [affectedUsers({ store, seenOneIn: 0 })],
    })
    await Promise.allSettled([handler(eventOf('ada')), handler(eventOf('ada')), handler(eventOf('bob'))])
    await handler(eventOf('ada')).catch(() => undefined)
    expect(users.map(({ subject }) => subject)).toEqual(['ada', 'bob'])
  })

  it('are only those whom a percentage put there', async () => {
    const { users, store } = notes()
    const handler = withHonouredDecisions(boom, { flags, keys, observers: [affectedUsers({ store, seenOneIn: 0 })] })
    for (const event of [eventOf('ada', { bucketed: false }), httpEvent({})])
      await handler(event).catch(() => undefined)
    const { token = '' } = sealToken(
      createWaybill({ decisions: [{ flag: 'new-order-flow', variation: 'canary', value: true, bucketed: true }] }),
      keys,
    )
    await handler(httpEvent({ 'x-waybill': token })).catch(() => undefined)
    expect(users).toEqual([])
  })

  it('are counted as slow where they waited longer than allowed, failed or not', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { users, store } = notes()
    const takes =
      (ms: number, answer: () => unknown = () => 'fine') =>
      () => {
        vi.advanceTimersByTime(ms)
        return answer()
      }
    const observers = [affectedUsers({ store, seenOneIn: 0, slowMs: 2000 })]
    await withHonouredDecisions(takes(2001), { flags, keys, observers })(eventOf('ada'))
    await withHonouredDecisions(takes(2000), { flags, keys, observers })(eventOf('bob'))
    await withHonouredDecisions(takes(2001, boom), { flags, keys, observers })(eventOf('eve')).catch(() => undefined)
    vi.useRealTimers()
    expect(users.map(({ subject, kind }) => `${subject} ${kind}`)).toEqual(['ada slow', 'eve error', 'eve slow'])
  })

  it('are seen in a fixed sample: the same one in a hundred, in every function', async () => {
    const samples = await Promise.all(
      ['one', 'another'].map(async () => {
        const { users, store } = notes()
        const handler = withHonouredDecisions(() => 'fine', { flags, keys, observers: [affectedUsers({ store })] })
        const ring = keyRing({ subjectSecret: Buffer.alloc(32, 3) })
        for (let n = 0; n < 5000; n += 1) await handler(eventOf(ring.fingerprint(`user-${n}`) ?? ''))
        return users.map(({ subject, kind }) => `${subject} ${kind}`)
      }),
    )
    expect(samples[0]).toEqual(samples[1])
    expect(samples[0]?.length).toBeGreaterThan(25)
    expect(samples[0]?.length).toBeLessThan(90)
    expect(samples[0]?.every((one) => one.endsWith(' seen'))).toBe(true)
  })

  it('are seen though the handler does not come back', async () => {
    const { users, store } = notes()
    const handler = withHonouredDecisions(() => new Promise<never>(() => undefined), {
      flags,
      keys,
      observers: [affectedUsers({ store, seenOneIn: 1 })],
    })
    void handler(eventOf('ada'))
    await pause(5)
    expect(users).toMatchObject([{ kind: 'seen' }])
  })

  it('count anew under another rollout', async () => {
    const { users, store } = notes()
    let rollout = 'autumn'
    const observer = affectedUsers({ store, seenOneIn: 0, rolloutOf: ({ flag }) => `${flag} ${rollout}` })
    const handler = withHonouredDecisions(boom, { flags, keys, observers: [observer] })
    await handler(eventOf('ada')).catch(() => undefined)
    rollout = 'winter'
    await handler(eventOf('ada')).catch(() => undefined)
    expect(users.map((user) => user.rollout)).toEqual(['new-order-flow autumn', 'new-order-flow winter'])
  })

  it('tell who is new, and not who was known', async () => {
    let isNew = true
    const { store } = notes(async () => isNew)
    const fresh: string[] = []
    const onNew = ({ subject }: AffectedUser): unknown => fresh.push(subject)
    const handler = withHonouredDecisions(boom, {
      flags,
      keys,
      observers: [affectedUsers({ store, seenOneIn: 0, onNew })],
    })
    await handler(eventOf('ada')).catch(() => undefined)
    isNew = false
    await handler(eventOf('bob')).catch(() => undefined)
    expect(fresh).toEqual(['ada'])
  })

  it('who were not taken are counted, tried again, and fail nothing', async () => {
    let works = false
    const { users, store } = notes(() => (works ? Promise.resolve(true) : Promise.reject(new Error('down'))))
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(boom, {
      flags,
      keys,
      observers: [affectedUsers({ store, seenOneIn: 0 }), observer],
    })
    await expect(handler(eventOf('ada'))).rejects.toThrow('boom')
    works = true
    await expect(handler(eventOf('ada'))).rejects.toThrow('boom')
    await expect(handler(eventOf('ada'))).rejects.toThrow('boom')
    expect(users).toHaveLength(2)
    expect(countsOf(reports)).toEqual({ affected_users_failed: 1 })
  })

  it('do not keep an answer waiting for longer than the deadline', async () => {
    const store = { add: () => new Promise<boolean>(() => undefined) }
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(() => ({ statusCode: 500 }), {
      flags,
      keys,
      observers: [affectedUsers({ store, seenOneIn: 0, deadlineMs: 20 }), observer],
    })
    expect(await handler(eventOf('ada'))).toEqual({ statusCode: 500 })
    await handler(eventOf('bob'))
    expect(countsOf(reports)).toMatchObject({ affected_users_failed: 1 })
  })

  it('of a batch are waited for once, with the batch', async () => {
    const { users, store } = notes(() => pause(20).then(() => true))
    const ended: number[] = []
    const onRecord = withRecordScope(async (_record: unknown) => boom())
    const handler = withHonouredDecisions(
      async ({ Records }: { Records: Record<string, unknown>[] }) => {
        await Promise.allSettled(Records.map((record) => onRecord(record)))
        ended.push(users.length)
      },
      { flags, keys, observers: [affectedUsers({ store, seenOneIn: 0 })] },
    )
    const tokenOf = (subject: string): string =>
      (eventOf(subject) as { headers: Record<string, string> }).headers['x-waybill'] ?? ''
    const Records = ['ada', 'bob', 'eve'].map((who, n) => kinesisRecord(n, { who, _waybill: tokenOf(who) }))
    await handler({ Records })
    expect(ended).toEqual([0])
    expect(users.map(({ subject }) => subject)).toEqual(['ada', 'bob', 'eve'])
  })

  it('are refused at set-up with options that cannot be', () => {
    const store = { add: async () => true }
    for (const wrong of [
      { store: undefined },
      { slowMs: 0 },
      { seenOneIn: 1.5 },
      { ttlSeconds: 0 },
      { deadlineMs: 0 },
    ]) {
      expect(() => affectedUsers({ store, ...wrong } as never)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    }
  })
})

describe('what observers still write', () => {
  const event = eventOf('ada')

  it('is waited for after the end, in wrappers, whether the handler fails or not', async () => {
    const said: string[] = []
    const observer = {
      end: () => void said.push('end'),
      flush: () => pause(5).then(() => said.push('flushed')),
    }
    await withHonouredDecisions(() => said.push('handled'), { flags, keys, observers: [observer] })(event)
    expect(said).toEqual(['handled', 'end', 'flushed'])
    await expect(withHonouredDecisions(boom, { flags, keys, observers: [observer] })(event)).rejects.toThrow('boom')
    expect(said).toEqual(['handled', 'end', 'flushed', 'end', 'flushed'])
  })

  it('is counted when it fails, throws or takes too long, and the answer is the same', async () => {
    const { reports, observer } = watching()
    const observers = [
      { flush: () => Promise.reject(new Error('down')) },
      { flush: () => boom() },
      { flush: () => new Promise<never>(() => undefined), flushDeadlineMs: 10 },
      observer,
    ]
    const handler = withHonouredDecisions(() => 'handled', { flags, keys, observers })
    expect(await handler(event)).toBe('handled')
    expect(await handler(event)).toBe('handled')
    expect(countsOf(reports)).toEqual({ observer_failed: 3 })
  })

  it('has half a second unless it says otherwise', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const answers: unknown[] = []
      const observers = [{ flush: () => new Promise<never>(() => undefined) }]
      void withHonouredDecisions(() => 'handled', { flags, keys, observers })(event).then((one) => answers.push(one))
      await vi.advanceTimersByTimeAsync(499)
      expect(answers).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      expect(answers).toEqual(['handled'])
    } finally {
      vi.useRealTimers()
    }
  })
})
