import { describe, expect, test } from 'vitest'
import { arrivals, extractTokens } from '../../src/carriers/arrivals.ts'
import type { Fields } from '../../src/carriers/carrier.ts'
import { lambdaInbound, lambdaOutgoing } from '../../src/carriers/lambda.ts'
import { openShipment } from '../../src/outgoing/commands.ts'
import type { Delivery, OutgoingHarness, Payload } from '../../src/testing/harness.ts'
import { NAMED, UNNAMED } from '../../src/testing/open-request.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf } from '../fixtures/events.ts'

const FUNCTION = 'fraud-check'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const contextIn = (request: Fields | undefined): string =>
  Buffer.from((request?.['ClientContext'] as string | undefined) ?? '', 'base64').toString()

/** A synchronous invocation: payload and client context, parsed. */
function delivered(request: Fields): Delivery {
  const { context } = eventOf('lambda-client-context')
  return {
    event: JSON.parse(Buffer.from(request['Payload'] as string).toString()) as unknown,
    lambdaContext: {
      ...(context as Fields),
      clientContext:
        request['InvocationType'] === 'Event' || request['ClientContext'] === undefined
          ? undefined
          : (JSON.parse(contextIn(request)) as unknown),
    },
  }
}

function withContext(custom: Fields): Delivery {
  const { event, context } = eventOf('lambda-client-context') as { event: unknown; context: Fields }
  return { event, lambdaContext: { ...context, clientContext: { custom: { tenant: 't-1', ...custom }, env: {} } } }
}

const asynchronous: OutgoingHarness = {
  carrier: lambdaOutgoing,
  receiver: lambdaInbound,
  command: 'InvokeCommand',
  place: 'body',
  payloadKind: 'bytes',
  onlyJson: true,
  target: FUNCTION,
  maxEntries: 1,
  // 1 MB for asynchronous invocations: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
  maxBytes: 1024 * 1024,
  request: ([payload]) => ({ FunctionName: FUNCTION, InvocationType: 'Event', Payload: payload }),
  payloadAt: (request) => request['Payload'] as Payload,
  sizeOf: (request) => Buffer.from(request['Payload'] as string).byteLength,
  deliver: (request) => [delivered(request)],
  received: (event) => ({ parsed: event }),
}

const synchronous: OutgoingHarness = {
  ...asynchronous,
  place: 'attribute',
  // "Up to 3,583 bytes of base64-encoded data", of which the caller has some.
  maxBytes: 3583,
  request: ([payload]) => ({
    FunctionName: FUNCTION,
    ClientContext: base64('{"client":{"installation_id":"é"},"custom":{"tenant":"t-1"}}'),
    Payload: payload,
  }),
  sizeOf: (request) => (request['ClientContext'] as string).length,
}

describeContract('Lambda, asynchronously', {
  inbound: {
    carrier: lambdaInbound,
    maxTokens: 1,
    deliver: ([token]) => ({ event: { orderId: 'o-1', ...(token !== undefined && { _waybill: token }) } }),
    damaged: () => ({ event: { orderId: 'o-1', _waybill: 7 } }),
  },
  outgoing: asynchronous,
})
describeContract('Lambda, synchronously', {
  inbound: {
    carrier: lambdaInbound,
    maxTokens: 2,
    deliver: ([first, second]) =>
      first === undefined
        ? withContext({})
        : { ...withContext({ waybill: first }), ...(second && { event: { orderId: 'o-1', _waybill: second } }) },
    damaged: () => withContext({ waybill: ['wb1.a'] }),
  },
  outgoing: synchronous,
})
describeContract('Lambda, synchronously, with a streamed response', {
  outgoing: { ...synchronous, command: 'InvokeWithResponseStreamCommand' },
})

describe('Lambda in', () => {
  test('reads the custom context under both names that it is known by', () => {
    for (const name of ['custom', 'Custom']) {
      expect(extractTokens({}, { clientContext: { [name]: { waybill: 'wb1.a' } } })).toEqual(['wb1.a'])
    }
  })

  test('reads the context of any event: a text, a list, one that looks like a request', () => {
    const context = { clientContext: { custom: { waybill: 'wb1.a' } } }
    for (const event of ['text', 7, null, undefined, [{ a: 1 }], eventOf('alb')]) {
      expect(arrivals(event, context)).toEqual({ kind: 'single', carrier: 'lambda', tokens: ['wb1.a'], event })
    }
  })

  test('takes one token in both places for one', () => {
    const context = { clientContext: { custom: { waybill: 'wb1.a' } } }
    expect(arrivals({ id: 1, _waybill: 'wb1.a' }, context)).toMatchObject({ tokens: ['wb1.a'], event: { id: 1 } })
    expect(extractTokens({ id: 1, _waybill: 'wb1.b' }, context)).toEqual(['wb1.a', 'wb1.b'])
  })

  test('leaves an inherited key and a list alone', () => {
    const inherited: unknown = Object.create({ _waybill: 'wb1.a' })
    expect(arrivals(inherited)).toEqual({ kind: 'single', tokens: [], event: inherited })
    const list = Object.assign([1], { _waybill: 'wb1.a' })
    expect(arrivals(list).event).toBe(list)
  })
})

describe('Lambda out', () => {
  const payload = Buffer.from('{"orderId":"o-1"}')

  test('synchronously leaves the payload alone and keeps what the caller put into the client context', () => {
    const context = '{"custom":{"id":12345678901234567890,"t":"é"} , "env":{}}'
    const request = { FunctionName: FUNCTION, Payload: payload, ClientContext: base64(context) }
    const stamped = openShipment('Lambda', 'InvokeCommand', request, UNNAMED)?.write(['wb1.a'])
    expect(stamped?.['Payload']).toBe(payload)
    expect(contextIn(stamped)).toBe(context.replace('"é"}', '"é","waybill":"wb1.a"}'))
  })

  test('makes a client context where the caller has none', () => {
    for (const none of [{}, { ClientContext: '' }, { ClientContext: base64('{}') }]) {
      const request = { FunctionName: FUNCTION, Payload: payload, InvocationType: 'RequestResponse', ...none }
      const stamped = openShipment('Lambda', 'InvokeCommand', request, UNNAMED)?.write(['wb1.a'])
      expect(contextIn(stamped)).toBe('{"custom":{"waybill":"wb1.a"}}')
    }
  })

  test('goes into the payload of a named function when the client context has no room', () => {
    const full = base64(`{"custom":{"filled":"${'x'.repeat(2600)}"}}`)
    const request = { FunctionName: FUNCTION, Payload: payload, ClientContext: full }
    const named = openShipment('Lambda', 'InvokeCommand', request, NAMED)
    expect(named?.slots[0]?.roomBytes).toBe(6 * 1024 * 1024 - '{"orderId":"o-1","_waybill":""}'.length)
    const stamped = named?.write([`wb1.${'a'.repeat(100)}`])
    expect(stamped?.['ClientContext']).toBe(full)
    expect(String(stamped?.['Payload'])).toMatch(/^{"orderId":"o-1","_waybill":"wb1\.a{100}"}$/)
    expect(contextIn(named?.write(['wb1.a']))).toContain('"waybill":"wb1.a"')
    expect(openShipment('Lambda', 'InvokeCommand', request, UNNAMED)?.slots[0]?.roomBytes).toBeLessThan(100)
  })

  test('has only the payload where the client context is no JSON object', () => {
    for (const context of ['no base64 of JSON', base64('[]'), base64('{"custom":"x"}'), base64('{"custom":null}')]) {
      const request = { FunctionName: FUNCTION, Payload: payload, ClientContext: context }
      expect(openShipment('Lambda', 'InvokeCommand', request, UNNAMED)?.slots[0]?.problem).toBe('not_targeted')
      const stamped = openShipment('Lambda', 'InvokeCommand', request, NAMED)?.write(['wb1.a'])
      expect(stamped?.['ClientContext']).toBe(context)
      expect(String(stamped?.['Payload'])).toContain('"_waybill":"wb1.a"')
      const list = openShipment('Lambda', 'InvokeCommand', { ...request, Payload: Buffer.from('[]') }, NAMED)
      expect(list?.slots[0]?.problem).toBe('uncarried')
    }
  })

  test('keeps a stamp that the caller put into either spelling of the custom context', () => {
    for (const name of ['custom', 'Custom']) {
      const request = { FunctionName: FUNCTION, ClientContext: base64(`{"${name}":{"waybill":"wb1.a"}}`) }
      expect(openShipment('Lambda', 'InvokeCommand', request, UNNAMED)?.slots[0]?.problem).toBe('already_stamped')
    }
  })

  test('gives an asynchronous invocation without a payload one', () => {
    const request = { FunctionName: FUNCTION, InvocationType: 'Event' }
    const stamped = openShipment('Lambda', 'InvokeCommand', request, NAMED)?.write(['wb1.a'])
    expect(String(stamped?.['Payload'])).toBe('{"_waybill":"wb1.a"}')
  })

  test('does not change what the name of a durable execution stands for', () => {
    const request = { FunctionName: FUNCTION, InvocationType: 'Event', DurableExecutionName: 'o-1', Payload: payload }
    expect(openShipment('Lambda', 'InvokeCommand', request, NAMED)?.slots[0]?.problem).toBe('named_execution')
    const asked = { ...NAMED, namedExecutions: true }
    expect(openShipment('Lambda', 'InvokeCommand', request, asked)?.slots[0]?.problem).toBeUndefined()
  })

  test('leaves a dry run alone', () => {
    const request = { FunctionName: FUNCTION, InvocationType: 'DryRun', Payload: payload }
    expect(openShipment('Lambda', 'InvokeCommand', request, NAMED)).toBeUndefined()
  })
})
