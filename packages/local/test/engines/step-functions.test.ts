import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  type StateMachineType,
} from '@aws-sdk/client-sfn'
import { afterEach, describe, expect, test } from 'vitest'
import type { InvokeLambda } from '../../src/engines/event-delivery.ts'
import { type StepFunctions, startStepFunctions } from '../../src/engines/step-functions.ts'
import { LOCAL_CLIENT } from './local-client.ts'

const closing: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const NOW_MS = Date.parse('2026-03-04T05:06:07Z')

async function start(invokeLambda: InvokeLambda): Promise<{ engine: StepFunctions; sfn: SFNClient }> {
  const engine = await startStepFunctions({ invokeLambda, clock: () => NOW_MS })
  const sfn = new SFNClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint, disableHostPrefix: true })
  closing.push(engine.close, () => sfn.destroy())
  return { engine, sfn }
}

async function create(sfn: SFNClient, definition: object, type: StateMachineType = 'STANDARD'): Promise<string> {
  const create = new CreateStateMachineCommand({
    name: 'order',
    roleArn: 'arn:aws:iam::000000000000:role/order',
    definition: JSON.stringify(definition),
    type,
  })
  return String((await sfn.send(create)).stateMachineArn)
}

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:'
const task = (name: string, next: object) => ({ Type: 'Task', Resource: `${ARN}${name}`, ...next })
const ONE_TASK = { StartAt: 'One', States: { One: task('one', { End: true }) } }

/** The second task is handed the execution's input beside the first one's result. */
const TWO_TASKS = {
  StartAt: 'Price',
  States: {
    Price: task('price', { Next: 'Charge' }),
    Charge: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Parameters: {
        FunctionName: 'charge',
        Payload: { 'price.$': '$', '_waybill.$': '$$.Execution.Input._waybill' },
      },
      OutputPath: '$.Payload',
      End: true,
    },
  },
}

describe('Step Functions', () => {
  test('runs two tasks, and passes on what the definition passes on', async () => {
    const calls: unknown[] = []
    const { engine, sfn } = await start(async (functionName, payload) => {
      calls.push([functionName, payload])
      return functionName === 'charge' ? { charged: true } : 12
    })
    const stateMachineArn = await create(sfn, TWO_TASKS)
    const input = '{"order":"o-1","_waybill":"token"}'
    const { executionArn, startDate } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input }))
    await engine.idle()
    expect(calls).toEqual([
      [`${ARN}price`, { order: 'o-1', _waybill: 'token' }],
      ['charge', { price: 12, _waybill: 'token' }],
    ])
    expect(startDate).toEqual(new Date(NOW_MS))
    expect(await sfn.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: 'SUCCEEDED',
      input,
      output: '{"charged":true}',
    })
  })

  test('answers a synchronous execution of an express machine', async () => {
    const { sfn } = await start(async (_name, payload) => payload)
    const stateMachineArn = await create(sfn, ONE_TASK, 'EXPRESS')
    const result = await sfn.send(new StartSyncExecutionCommand({ stateMachineArn, input: '{"a":1}' }))
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: '{"a":1}' })
  })

  test('reports a failed task by its error type', async () => {
    const { sfn } = await start(async () => {
      throw Object.assign(new Error('no stock'), { name: 'OutOfStock' })
    })
    const stateMachineArn = await create(sfn, ONE_TASK, 'EXPRESS')
    expect(await sfn.send(new StartSyncExecutionCommand({ stateMachineArn }))).toMatchObject({
      status: 'FAILED',
      error: 'OutOfStock',
      cause: '{"errorMessage":"no stock","errorType":"OutOfStock"}',
    })
  })

  test('catches a failed task where the definition says so', async () => {
    const { sfn } = await start(async () => {
      throw Object.assign(new Error('no stock'), { name: 'OutOfStock' })
    })
    const Catch = [{ ErrorEquals: ['OutOfStock'], Next: 'Sorry' }]
    const States = { One: task('one', { Catch, End: true }), Sorry: { Type: 'Pass', Result: 'sorry', End: true } }
    const stateMachineArn = await create(sfn, { StartAt: 'One', States }, 'EXPRESS')
    expect((await sfn.send(new StartSyncExecutionCommand({ stateMachineArn }))).output).toBe('"sorry"')
  })

  test('fails an execution whose task answers more than 256 KiB', async () => {
    const { sfn } = await start(async () => 'x'.repeat(262_144))
    const stateMachineArn = await create(sfn, ONE_TASK, 'EXPRESS')
    const result = await sfn.send(new StartSyncExecutionCommand({ stateMachineArn }))
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' })
  })
})

describe('a named execution', () => {
  test('is started once while it runs with the same input, and its name is taken for any other', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let calls = 0
    const { engine, sfn } = await start(async () => {
      calls++
      await held
    })
    const stateMachineArn = await create(sfn, ONE_TASK)
    const begin = (input: string) => sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'o-1', input }))
    const first = await begin('{"a":1}')
    expect((await begin('{"a":1}')).executionArn).toBe(first.executionArn)
    await expect(begin('{"a":2}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' })
    release()
    await engine.idle()
    await expect(begin('{"a":1}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' })
    expect(calls).toBe(1)
  })

  test('of an express machine may be started again', async () => {
    let calls = 0
    const { engine, sfn } = await start(async () => {
      calls++
    })
    const stateMachineArn = await create(sfn, ONE_TASK, 'EXPRESS')
    for (let i = 0; i < 2; i++) await sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'o-1' }))
    await engine.idle()
    expect(calls).toBe(2)
  })
})

describe('Step Functions refuses', () => {
  const refused: [string, object, string][] = [
    ['a JSONata machine', { QueryLanguage: 'JSONata', ...ONE_TASK }, 'JSONata'],
    [
      'a JSONata state',
      { StartAt: 'One', States: { One: task('one', { QueryLanguage: 'JSONata', End: true }) } },
      'JSONata',
    ],
    ['variables', { StartAt: 'One', States: { One: task('one', { Assign: { a: 1 }, End: true }) } }, 'Assign'],
    [
      'a task inside a Map that is no function',
      {
        StartAt: 'All',
        States: {
          All: {
            Type: 'Map',
            End: true,
            ItemProcessor: {
              StartAt: 'Send',
              States: { Send: { Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', End: true } },
            },
          },
        },
      },
      'arn:aws:states:::sqs:sendMessage',
    ],
    ['a machine without its first state', { ...ONE_TASK, StartAt: 'Two' }, 'Two'],
  ]
  test.each(refused)('%s, by name', async (_name, definition, named) => {
    const { sfn } = await start(async () => null)
    await expect(create(sfn, definition)).rejects.toMatchObject({
      name: 'InvalidDefinition',
      message: expect.stringContaining(named),
    })
  })

  test('an input of more than 256 KiB, and takes one of exactly that', async () => {
    const { sfn } = await start(async () => null)
    const stateMachineArn = await create(sfn, ONE_TASK)
    const sized = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2))
    await sfn.send(new StartExecutionCommand({ stateMachineArn, input: sized(262_144) }))
    const over = new StartExecutionCommand({ stateMachineArn, input: sized(262_145) })
    await expect(sfn.send(over)).rejects.toMatchObject({ name: 'ValidationException' })
  })

  test('an input that is not JSON', async () => {
    const { sfn } = await start(async () => null)
    const stateMachineArn = await create(sfn, ONE_TASK)
    const send = sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{' }))
    await expect(send).rejects.toMatchObject({ name: 'InvalidExecutionInput' })
  })

  test('a synchronous execution of a standard machine', async () => {
    const { sfn } = await start(async () => null)
    const stateMachineArn = await create(sfn, ONE_TASK)
    const send = sfn.send(new StartSyncExecutionCommand({ stateMachineArn }))
    await expect(send).rejects.toMatchObject({ name: 'StateMachineTypeNotSupported' })
  })

  test('an operation that it does not emulate, by name', async () => {
    const { sfn } = await start(async () => null)
    await expect(sfn.send(new ListStateMachinesCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('ListStateMachines'),
    })
  })
})

test('Step Functions listens on loopback, and close aborts what runs and refuses connections', async () => {
  const { engine, sfn } = await start(async () => null)
  const definition = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 3600, End: true } } }
  const stateMachineArn = await create(sfn, definition)
  await sfn.send(new StartExecutionCommand({ stateMachineArn }))
  await engine.close()
  expect(new URL(engine.endpoint).hostname).toBe('127.0.0.1')
  await expect(fetch(engine.endpoint)).rejects.toThrow()
})
