import middy from '@middy/core'
import { stampEvent } from '@waybill/core'
import { describe, expect, test } from 'vitest'
import { honourDecisions } from '../src/honour-decisions.ts'
import { flags, keys, lambdaContext, notebook, tokenOf } from './fixture.ts'

interface TimeOut {
  readonly timeoutEarlyInMillis?: number
}

/** A handler that takes 40 ms where 25 are left, and what it saw and sent in the end. */
async function outlived(
  options: TimeOut,
): Promise<{ answer: unknown; seen: string; stamped: boolean; counts: object }> {
  const observer = notebook()
  let finish: (seen: { seen: string; stamped: boolean }) => void = () => {}
  const finished = new Promise<{ seen: string; stamped: boolean }>((resolve) => {
    finish = resolve
  })
  const slow = async (): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, 40))
    finish({ seen: flags.detail('new-order-flow').variation, stamped: '_waybill' in stampEvent({ orderId: 'o-1' }) })
    return 'in time'
  }
  const make = (handler: () => Promise<unknown>, settings: TimeOut) =>
    middy(handler, settings).use(honourDecisions({ flags, keys, observers: [observer] }))
  const event = { _waybill: tokenOf('canary') }
  const context = { getRemainingTimeInMillis: () => 25 } as never
  const answer = await make(slow, options)(event, context).catch(() => 'timed out')
  const end = await finished
  // What was counted after the end is in the next report.
  await make(async () => undefined, {})(event, lambdaContext)
  return { answer, ...end, counts: Object.fromEntries(observer.reports.at(-1)?.counts ?? []) }
}

describe('a handler that outlives its invocation', () => {
  test('reads declared defaults and sends no token, and both are counted as losses', async () => {
    const { answer, seen, stamped, counts } = await outlived({})
    expect([answer, seen, stamped]).toEqual(['timed out', 'control', false])
    expect(counts).toMatchObject({ scope_closed: 2 })
  })

  test('keeps its decisions to its end where Middy leaves time-outs to Lambda', async () => {
    const { answer, seen, stamped, counts } = await outlived({ timeoutEarlyInMillis: 0 })
    expect([answer, seen, stamped]).toEqual(['in time', 'canary', true])
    expect(counts).not.toHaveProperty('scope_closed')
  })
})
