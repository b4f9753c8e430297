import { describe, expect, it } from 'vitest'
import {
  createWaybill,
  type EvaluationContext,
  type InnerOptions,
  keyRing,
  sealToken,
  withHonouredDecisions,
  withRecordScope,
} from '../../src/index.ts'
import { countsOf, flags, httpEvent, keys, kinesisRecord, payloadOf, watching } from '../support/fixtures.ts'

/** A canary token of one user. */
function tokenOf(user: string | undefined): string {
  const subject = user === undefined ? undefined : keys.fingerprint(user)
  const decisions = [{ flag: 'new-order-flow', variation: 'canary', value: true }]
  return sealToken(createWaybill({ decisions, ...(subject === undefined ? {} : { subject }) }), keys).token ?? ''
}

const request = (user: string | undefined, token?: string): Record<string, unknown> => ({
  ...httpEvent(token === undefined ? {} : { 'x-waybill': token }),
  user,
})
const read = (): boolean => flags.get('new-order-flow')
const forged = tokenOf('ada').replace('canary', 'control')

describe('what to do without decisions', () => {
  const outcome = async (policies: Pick<InnerOptions, 'undecided' | 'onRefused'>, token?: string): Promise<unknown> => {
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(read, { flags, keys, observers: [observer], ...policies })
    const said = await handler(request('ada', token)).catch((error: { code: string }) => error.code)
    expect(countsOf(reports)).toMatchObject(token === undefined ? { no_token: 1 } : { bad_signature: 1 })
    return said
  }

  it.each([
    [{}, false, false],
    [{ undecided: 'throw' }, 'undecided', 'refused'],
    [{ onRefused: 'throw' }, false, 'refused'],
    [{ undecided: 'default', onRefused: 'throw' }, false, 'refused'],
    [{ undecided: 'throw', onRefused: 'throw' }, 'undecided', 'refused'],
    [{ undecided: 'default', onRefused: 'default' }, false, false],
  ] as const)('%j: none came, and one was refused', async (policies, none, refused) => {
    expect(await outcome(policies)).toBe(none)
    expect(await outcome(policies, forged)).toBe(refused)
  })

  it('demanding decisions and forgiving refusals still demands decisions', async () => {
    expect(await outcome({ undecided: 'throw', onRefused: 'default' }, forged)).toBe('undecided')
  })

  it('says why it was refused, and nothing of what came', async () => {
    const handler = withHonouredDecisions(read, { flags, keys, onRefused: 'throw' })
    const error = await handler(request('ada', forged)).catch((thrown: Error) => thrown)
    expect(String(error)).toMatch(/refused \(bad_signature\)/)
    expect(String(error)).not.toContain('new-order-flow')
  })

  it('lets a newer format pass on, which is no refusal', async () => {
    const handler = withHonouredDecisions(read, { flags, keys, undecided: 'throw', onRefused: 'throw' })
    expect(await handler(request('ada', tokenOf('ada').replace('wb1', 'wb2')))).toBe(false)
  })
})

describe('a function that says whose request it is', () => {
  const subject = ({ user }: { user?: string }): EvaluationContext | undefined =>
    user === undefined ? undefined : { key: user }
  const visit = async (options: Partial<InnerOptions>, user: string | undefined, token: string): Promise<unknown[]> => {
    const { reports, observer } = watching()
    const handler = withHonouredDecisions(read, { flags, keys, subject, observers: [observer], ...options })
    return [await handler(request(user, token)), countsOf(reports)]
  }

  it('believes that user’s token', async () => {
    expect(await visit({}, 'ada', tokenOf('ada'))).toEqual([true, {}])
  })

  it('refuses another’s, also after it was believed for its owner', async () => {
    const token = tokenOf('ada')
    await visit({}, 'ada', token)
    expect(await visit({}, 'bob', token)).toEqual([false, { wrong_subject: 1, refused: 1 }])
  })

  it('refuses a token that is nobody’s', async () => {
    expect(await visit({}, 'ada', tokenOf(undefined))).toEqual([false, { wrong_subject: 1, refused: 1 }])
  })

  it('refuses somebody’s token where the request is nobody’s', async () => {
    expect(await visit({}, '', tokenOf('ada'))).toEqual([false, { wrong_subject: 1, refused: 1 }])
  })

  it('takes anybody’s where it says nothing', async () => {
    expect(await visit({}, undefined, tokenOf('ada'))).toEqual([true, {}])
  })

  it('believes nobody when it cannot say', async () => {
    const failing = (): never => {
      throw new Error('boom')
    }
    expect(await visit({ subject: failing }, 'ada', tokenOf('ada'))).toEqual([false, { no_subject: 1, refused: 1 }])
  })

  it('is asked before the handler, since parsers change events', async () => {
    const handler = withHonouredDecisions(
      (event: { user?: string }) => {
        event.user = 'mallory'
        return read()
      },
      { flags, keys, subject },
    )
    expect(await handler(request('ada', tokenOf('ada')))).toBe(true)
  })

  it('says it of each record of a batch', async () => {
    const { reports, observer } = watching()
    const onRecord = withRecordScope((_record: Record<string, unknown>) => read())
    const handler = withHonouredDecisions(
      ({ Records }: { Records: Record<string, unknown>[] }) => Promise.all(Records.map((one) => onRecord(one))),
      { flags, keys, observers: [observer], subject: (record: object) => subject(payloadOf(record) as never) },
    )
    const order = (id: number, user: string, owner: string): Record<string, unknown> =>
      kinesisRecord(id, { user, _waybill: tokenOf(owner) })
    const Records = [order(1, 'ada', 'ada'), order(2, 'bob', 'ada'), order(3, 'bob', 'bob')]
    expect(await handler({ Records })).toEqual([true, false, true])
    expect(countsOf(reports)).toEqual({ wrong_subject: 1, refused: 1 })
  })

  it('needs the subject secret: without it set-up fails, and a source without it believes nobody', async () => {
    const secretless = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
    expect(() => withHonouredDecisions(read, { flags, keys: secretless, subject })).toThrow(/subjectSecret/)
    expect(() => withHonouredDecisions(read, { flags, keys: keyRing({}), subject })).not.toThrow()
    expect(await visit({ keys: { current: () => secretless } }, 'ada', tokenOf('ada'))).toEqual([
      false,
      { no_keys: 1, refused: 1 },
    ])
  })
})
