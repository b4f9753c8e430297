import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LogLine } from '../../src/lambda/log-lines.ts'
import { lambdaPort } from '../../src/lambda/port.ts'
import { deployed, handlerFile, isAlive } from './deployed.ts'

test('a handler answers, and the same environment serves the next event', async () => {
  const { invoke } = deployed()
  const first = await invoke({ dish: 'soup' })
  const second = await invoke({})
  expect(first).toMatchObject({ statusCode: 200, value: { echo: { dish: 'soup' }, invocations: 1 } })
  expect(first.functionError).toBeUndefined()
  expect(second.value).toMatchObject({ pid: first.value.pid, invocations: 2 })
})

test('a thrown error is a function error, and the environment lives on', async () => {
  const { invoke } = deployed()
  const failed = await invoke({ do: 'throw' })
  expect(failed).toMatchObject({
    statusCode: 200,
    functionError: 'Unhandled',
    value: { errorType: 'TypeError', errorMessage: 'the kitchen is closed' },
  })
  expect((await invoke({})).value.invocations).toBe(2)
})

test.each([{ do: 'hang' }, { do: 'spin' }])(
  '$do: a time-out kills the environment and the next event gets a new one',
  async (event) => {
    const { invoke } = deployed({ timeoutMs: 1_000 })
    const { pid } = (await invoke({})).value
    const late = await invoke(event)
    expect(late.functionError).toBe('Unhandled')
    expect(late.value.errorType).toBe('Sandbox.Timedout')
    expect(late.value.errorMessage).toMatch(/Task timed out after 1.00 seconds$/)
    const next = await invoke({})
    expect(next.value.invocations).toBe(1)
    expect(next.value.pid).not.toBe(pid)
    await expect.poll(() => isAlive(pid)).toBe(false)
  },
)

test('a process that exits is a function error, and the next event gets a new one', async () => {
  const { invoke } = deployed()
  const gone = await invoke({ do: 'exit' })
  expect(gone.functionError).toBe('Unhandled')
  expect(gone.value.errorType).toBe('Runtime.ExitError')
  expect(gone.value.errorMessage).toMatch(/Runtime exited with error: exit status 3$/)
  expect((await invoke({})).value.invocations).toBe(1)
})

test('a function that runs out of its memory is killed', async () => {
  const { invoke } = deployed({ memoryMb: 64 })
  const killed = await invoke({ do: 'hoard' })
  expect(killed.value.errorType).toBe('Runtime.ExitError')
  expect(killed.value.errorMessage).toMatch(/signal: (aborted|killed)$/)
})

test('a module that throws while it loads fails each invocation with its own error', async () => {
  const { host, invoke } = deployed({ entry: handlerFile('broken-init.mjs') })
  for (let i = 0; i < 2; i++) {
    expect(await invoke({})).toMatchObject({
      functionError: 'Unhandled',
      value: { errorType: 'RangeError', errorMessage: 'no oven' },
    })
  }
  await expect(host.warm('fn')).rejects.toMatchObject({ code: 'init_failed' })
})

test('a missing export is an init error', async () => {
  const { invoke } = deployed({ handler: 'absent' })
  expect((await invoke({})).value.errorType).toBe('Runtime.HandlerNotFound')
})

test('a TypeScript module is deployed as it is, under the export that is asked for', async () => {
  const { invoke } = deployed({ entry: handlerFile('typed.ts'), handler: 'kitchen' })
  expect((await invoke({ dish: 'pie' })).value).toBe('one pie')
})

test('an asynchronous invocation is accepted at once and runs later', async () => {
  const lines: string[] = []
  const { host, invoke } = deployed({}, { onLog: ({ line }) => lines.push(line) })
  const accepted = await invoke({ do: 'log', lines: 2 }, { type: 'Event' })
  expect(accepted).toMatchObject({ statusCode: 202, payload: '' })
  expect(lines).toEqual([])
  await host.idle()
  expect(lines).toEqual(['line 0 é', 'line 1 é'])
})

test('an asynchronous invocation that fails is repeated twice under its own id, then handed back as discarded', async () => {
  const discarded: string[] = []
  const lines: string[] = []
  const { host, invoke } = deployed(
    {},
    {
      asyncRetryIntervalMs: 1,
      onDiscarded: ({ functionName, payload }) => discarded.push(functionName, payload),
      onLog: ({ line }) => lines.push(line),
    },
  )
  await invoke({ do: 'throw' }, { type: 'Event' })
  await host.idle()
  expect(discarded).toEqual(['fn', '{"do":"throw"}'])
  const ids = lines.flatMap((line) => (line.includes('Invoke Error') ? [line.split('\t')[1]] : []))
  expect(ids).toHaveLength(3)
  expect(new Set(ids).size).toBe(1)
})

test('an asynchronous invocation that fails once is not discarded', async () => {
  const discarded: unknown[] = []
  const { host, invoke } = deployed(
    { maxConcurrency: 1 },
    { asyncRetryIntervalMs: 1, onDiscarded: (one) => discarded.push(one) },
  )
  await invoke({ do: 'throw-first' }, { type: 'Event' })
  await host.idle()
  expect(discarded).toEqual([])
  expect((await invoke({})).value.invocations).toBe(3)
})

test('a host takes larger payloads when it is told to', async () => {
  const { invoke } = deployed({}, { payloadLimitBytes: 7 * 1024 * 1024 })
  expect((await invoke({ do: 'length', text: 'x'.repeat(6 * 1024 * 1024) })).value).toBe(6 * 1024 * 1024)
})

test('the client context, the deadline, the ARN and the trace reach the handler', async () => {
  const { invoke } = deployed({ timeoutMs: 20_000 })
  const clientContext = Buffer.from('{\n "custom": { "dish": "crème ☃" } }').toString('base64')
  const { value } = await invoke(
    { do: 'context' },
    { clientContext, traceHeader: 'Root=1-5e1b4151-43a0913a12345678901234567' },
  )
  expect(value).toMatchObject({
    clientContext: { custom: { dish: 'crème ☃' } },
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
    trace: 'Root=1-5e1b4151-43a0913a12345678901234567',
  })
  expect(value.remainingMs).toBeGreaterThan(0)
  expect(value.remainingMs).toBeLessThanOrEqual(20_000)
})

test('the client context does not reach an asynchronous invocation', async () => {
  const lines: string[] = []
  const { host, invoke } = deployed(
    { entry: handlerFile('says-context.mjs') },
    { onLog: ({ line }) => lines.push(line) },
  )
  const clientContext = Buffer.from('{"custom":{"a":1}}').toString('base64')
  await invoke({}, { clientContext })
  await invoke({}, { clientContext, type: 'Event' })
  await host.idle()
  expect(lines).toEqual(['{"custom":{"a":1}}', 'none'])
})

test('the environment is that of Lambda: its own variables, none of the host process', async () => {
  process.env['WAYBILL_TEST_SECRET'] = 'of the host'
  const { invoke } = deployed({ env: { TABLE: 'orders' } }, { env: { AWS_REGION: 'eu-west-1', STAGE: 'test' } })
  const { value } = await invoke({ do: 'environment' })
  delete process.env['WAYBILL_TEST_SECRET']
  expect(value).toMatchObject({
    TABLE: 'orders',
    STAGE: 'test',
    AWS_REGION: 'eu-west-1',
    AWS_LAMBDA_FUNCTION_NAME: 'fn',
    AWS_LAMBDA_LOG_FORMAT: 'Text',
    LAMBDA_TASK_ROOT: handlerFile('').replace(/\/$/, ''),
    _HANDLER: 'everyday.handler',
  })
  expect(value).not.toHaveProperty('WAYBILL_TEST_SECRET')
})

test('environments multiply up to maxConcurrency, and further invocations wait', async () => {
  const lines: string[] = []
  const options = { onLog: ({ line }: LogLine) => lines.push(line) }
  const { invoke } = deployed({ entry: handlerFile('counts.mjs'), maxConcurrency: 3 }, options)
  const results = await Promise.all(Array.from({ length: 12 }, () => invoke({ ms: 100 })))
  expect(results.map(({ value }) => value)).toEqual(Array(12).fill(1))
  expect(lines).toEqual(['loaded', 'loaded', 'loaded'])
})

test('invocations that follow each other need one environment', async () => {
  const lines: string[] = []
  const { invoke } = deployed({ entry: handlerFile('counts.mjs') }, { onLog: ({ line }) => lines.push(line) })
  for (let i = 0; i < 200; i++) await invoke({ ms: 0 })
  expect(lines).toEqual(['loaded'])
})

test('every line is captured, in order, before the invocation answers', async () => {
  const lines: LogLine[] = []
  const { invoke } = deployed({}, { onLog: (line) => lines.push(line), clock: () => 42 })
  const { logLines } = await invoke({ do: 'log', lines: 100_000 })
  expect(lines).toHaveLength(100_000)
  expect(lines.at(-1)).toEqual({ functionName: 'fn', line: 'line 99999 é', time: 42 })
  expect(logLines).toEqual(lines.map(({ line }) => line))
})

test('lines go to a file per function when a directory is given', async () => {
  const logsTo = mkdtempSync(join(tmpdir(), 'lambda-logs-'))
  const { host, invoke } = deployed({}, { logsTo })
  await invoke({ do: 'log', lines: 2 })
  await host.close()
  expect(readFileSync(join(logsTo, 'fn.log'), 'utf8')).toBe('line 0 é\nline 1 é\n')
  rmSync(logsTo, { recursive: true })
})

test('close kills the environments and refuses further calls', async () => {
  const { host, invoke } = deployed({ maxConcurrency: 2 })
  await host.warm('fn')
  const { pid } = (await invoke({})).value
  const hanging = invoke({ do: 'hang' })
  await host.close()
  expect((await hanging).value.errorType).toBe('Runtime.ExitError')
  expect(isAlive(pid)).toBe(false)
  await expect(invoke({})).rejects.toMatchObject({ code: 'host_closed' })
})

test('stop ends one function; it can be deployed again', async () => {
  const { host, invoke } = deployed()
  await invoke({})
  await host.stop('fn')
  await expect(invoke({})).rejects.toMatchObject({ code: 'unknown_function' })
  host.deploy({ name: 'fn', entry: handlerFile('everyday.mjs') })
  expect((await invoke({})).value.invocations).toBe(1)
})

test('what cannot be deployed or invoked is refused by code', async () => {
  const { host, invoke } = deployed()
  expect(existsSync('/nowhere.mjs')).toBe(false)
  expect(() => host.deploy({ name: 'other', entry: '/nowhere.mjs' })).toThrow(
    expect.objectContaining({ code: 'entry_not_found' }),
  )
  expect(() => host.deploy({ name: 'fn', entry: handlerFile('web.mjs') })).toThrow(
    expect.objectContaining({ code: 'already_deployed' }),
  )
  await expect(host.invoke('fn', '{')).rejects.toMatchObject({ code: 'invalid_payload' })
  await expect(invoke({}, { clientContext: 'e30'.repeat(2_000) })).rejects.toMatchObject({
    code: 'invalid_client_context',
  })
  const million = JSON.stringify('x'.repeat(1024 * 1024))
  await expect(host.invoke('fn', million, { type: 'Event' })).rejects.toMatchObject({ code: 'payload_too_large' })
  expect((await host.invoke('fn', million))?.functionError).toBeUndefined()
})

test('the port takes ARNs and turns a function error into a named one', async () => {
  const { host } = deployed()
  const invokeLambda = lambdaPort(host)
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:fn:live'
  expect(await invokeLambda(arn, { dish: 'soup' })).toMatchObject({ echo: { dish: 'soup' } })
  await expect(invokeLambda('fn', { do: 'throw' })).rejects.toMatchObject({
    name: 'TypeError',
    message: 'the kitchen is closed',
  })
})

test('warm starts environments ahead of the first event', async () => {
  const lines: string[] = []
  const options = { onLog: ({ line }: LogLine) => lines.push(line) }
  const { host, invoke } = deployed({ entry: handlerFile('counts.mjs'), maxConcurrency: 3 }, options)
  await host.warm('fn', 2)
  await expect.poll(() => lines).toEqual(['loaded', 'loaded'])
  await Promise.all([invoke({ ms: 20 }), invoke({ ms: 20 })])
  expect(lines).toEqual(['loaded', 'loaded'])
})
