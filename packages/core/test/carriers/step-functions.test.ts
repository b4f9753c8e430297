import { describe, expect, test } from 'vitest'
import type { Fields } from '../../src/carriers/carrier.ts'
import { lambdaInbound } from '../../src/carriers/lambda.ts'
import { stepFunctionsOutgoing } from '../../src/carriers/step-functions.ts'
import { openShipment } from '../../src/outgoing/commands.ts'
import type { Payload } from '../../src/testing/harness.ts'
import { NAMED } from '../../src/testing/open-request.ts'
import { describeContract } from '../fixtures/contract.ts'
import { eventOf } from '../fixtures/events.ts'

const MACHINE = 'arn:aws:states:eu-west-1:123456789012:stateMachine:orders'

for (const command of ['StartExecutionCommand', 'StartSyncExecutionCommand']) {
  describeContract(`Step Functions, ${command}`, {
    inbound: {
      carrier: lambdaInbound,
      maxTokens: 1,
      deliver: ([token]) => ({
        event: { ...eventOf('step-functions-task'), ...(token !== undefined && { _waybill: token }) },
      }),
      damaged: () => ({ event: { ...eventOf('step-functions-task'), _waybill: null } }),
    },
    outgoing: {
      carrier: stepFunctionsOutgoing,
      receiver: lambdaInbound,
      command,
      place: 'body',
      payloadKind: 'text',
      onlyJson: true,
      target: MACHINE,
      maxEntries: 1,
      // 256 KiB: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
      maxBytes: 256 * 1024,
      request: ([payload]) => ({ stateMachineArn: MACHINE, input: payload }),
      payloadAt: (request) => request['input'] as Payload,
      sizeOf: (request) => Buffer.byteLength(request['input'] as string),
      // The first task of a definition that passes its input on.
      deliver: (request) => [{ event: JSON.parse(request['input'] as string) as unknown }],
      received: (event) => ({ parsed: event }),
    },
  })
}

describe('Step Functions', () => {
  const start = (input: Fields, namedExecutions = false) =>
    openShipment('SFN', 'StartExecutionCommand', { stateMachineArn: MACHINE, ...input }, { ...NAMED, namedExecutions })

  test('leaves a named execution alone: the same name with another input is refused', () => {
    expect(start({ name: 'o-1', input: '{}' })?.slots[0]?.problem).toBe('named_execution')
  })

  test('stamps a named execution where the user asks for it', () => {
    const shipment = start({ name: 'o-1', input: '{"a":1}' }, true)
    expect(shipment?.slots[0]?.problem).toBeUndefined()
    expect(shipment?.write(['wb1.a'])).toMatchObject({ name: 'o-1', input: '{"a":1,"_waybill":"wb1.a"}' })
  })

  test('starts an execution without input with one', () => {
    expect(start({})?.write(['wb1.a'])['input']).toBe('{"_waybill":"wb1.a"}')
  })
})
