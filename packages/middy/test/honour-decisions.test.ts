import middy, { type MiddlewareObj } from '@middy/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import { currentWaybill, withRecordScope } from '@waybill/core'
import { describe, expect, test } from 'vitest'
import { honourDecisions } from '../src/honour-decisions.ts'
import { flags, keys, lambdaContext, notebook, pause, tokenOf } from './fixture.ts'

const options = { flags, keys }
const detailNow = () => flags.detail('new-order-flow')

/** Refuses every field that it was not told of, as a schema without additional properties does. */
const strict = (...fields: string[]): MiddlewareObj => ({
  before: ({ event }) => {
    const surplus = Object.keys(event as object).filter((name) => !fields.includes(name))
    if (surplus.length > 0) throw new Error(`unexpected ${surplus.join()}`)
  },
})

describe('honourDecisions', () => {
  test('honours what the request carried', async () => {
    const event = { requestContext: { http: {} }, headers: { 'x-waybill': tokenOf('canary', 'ada') } }
    const handler = middy(async () => [detailNow(), currentWaybill()?.subject]).use(honourDecisions(options))
    expect(await handler(event, lambdaContext)).toMatchObject([{ variation: 'canary', origin: 'propagated' }, 'ada'])
  })

  test('runs the handler on declared defaults when nothing came, and counts it', async () => {
    const observer = notebook()
    const handler = middy(async () => detailNow().variation).use(honourDecisions({ ...options, observers: [observer] }))
    expect(await handler({ requestContext: { http: {} }, headers: {} }, lambdaContext)).toBe('control')
    expect([...(observer.reports[0]?.counts.keys() ?? [])]).toEqual(['no_token', 'undecided'])
  })

  test('throws where the policy says so, and reports the failure', async () => {
    const observer = notebook()
    const handler = middy(async () => 'handled').use(
      honourDecisions({ ...options, undecided: 'throw', observers: [observer] }),
    )
    await expect(handler({ orderId: 1 }, lambdaContext)).rejects.toMatchObject({ code: 'undecided' })
    expect(observer.reports).toMatchObject([{ outcome: 'failed' }])
  })

  test('hands a body parser the body, and nobody the token', async () => {
    const event = {
      requestContext: { http: {} },
      headers: { 'Content-Type': 'application/json', 'x-waybill': tokenOf('canary') },
      body: '{"dish":"soup"}',
    }
    const handler = middy(async ({ headers, body }: typeof event) => ({ headers, body, now: detailNow().variation }))
      .use(honourDecisions(options))
      .use(httpJsonBodyParser() as MiddlewareObj)
    expect(await handler(event, lambdaContext)).toEqual({
      headers: { 'Content-Type': 'application/json' },
      body: { dish: 'soup' },
      now: 'canary',
    })
  })

  test('shows a strict validator of an invocation the payload without its token', async () => {
    const payload = Object.freeze({ orderId: 7, _waybill: tokenOf('canary') })
    const handler = middy(async () => detailNow().variation)
      .use(honourDecisions(options))
      .use(strict('orderId'))
    expect(await handler(payload, lambdaContext)).toBe('canary')
  })
})

describe('batches inside Middy', () => {
  const record = (eventID: string, variation: 'canary' | 'control') =>
    Object.freeze({
      eventID,
      eventSource: 'aws:kinesis',
      kinesis: { data: btoa(`{"order":"${eventID}","_waybill":"${tokenOf(variation)}"}`) },
    })
  const message = (messageId: string, variation: 'canary' | 'control') =>
    Object.freeze({
      messageId,
      eventSource: 'aws:sqs',
      body: `{"order":"${messageId}"}`,
      messageAttributes: { waybill: { dataType: 'String', stringValue: tokenOf(variation) } },
    })

  const batches = {
    Kinesis: [record('1', 'canary'), record('2', 'control'), record('3', 'canary')],
    SQS: [message('1', 'canary'), message('2', 'control'), message('3', 'canary')],
  }
  test.each(Object.entries(batches))(
    'give each %s record its own decisions and a clean payload',
    async (_name, all) => {
      const payloads: string[] = []
      const onRecord = withRecordScope(async (one: { body?: string; kinesis?: { data: string } }) => {
        const first = detailNow().variation
        await pause()
        payloads.push(one.body ?? atob(one.kinesis?.data ?? ''))
        return [first, detailNow().variation]
      })
      const handler = middy(async ({ Records }: { Records: typeof all }) => [
        detailNow().cause,
        ...(await Promise.all(Records.map((one) => onRecord(one)))),
      ]).use(honourDecisions(options))
      expect(await handler(Object.freeze({ Records: all }), lambdaContext)).toEqual([
        'undecided',
        ['canary', 'canary'],
        ['control', 'control'],
        ['canary', 'canary'],
      ])
      expect(payloads).toEqual(['{"order":"1"}', '{"order":"2"}', '{"order":"3"}'])
    },
  )
})

describe('one invocation after another', () => {
  test('nothing of the first is seen by the second', async () => {
    const handler = middy(async () => [detailNow().variation, currentWaybill()?.subject]).use(honourDecisions(options))
    const event = (headers: object) => ({ requestContext: { http: {} }, headers })
    expect(await handler(event({ 'x-waybill': tokenOf('canary', 'ada') }), lambdaContext)).toEqual(['canary', 'ada'])
    expect(await handler(event({}), lambdaContext)).toEqual(['control', undefined])
  })
})
