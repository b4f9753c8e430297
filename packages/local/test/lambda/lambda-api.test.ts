import { fileURLToPath } from 'node:url'
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LambdaApi, startLambdaApi } from '../../src/lambda/api.ts'
import { type LambdaHost, startLambdaHost } from '../../src/lambda/host.ts'

const lines: string[] = []
let host: LambdaHost
let api: LambdaApi
let client: LambdaClient

beforeAll(async () => {
  host = startLambdaHost({ onLog: ({ line }) => lines.push(line) })
  for (const [name, file] of [
    ['fn', 'everyday.mjs'],
    ['says-context', 'says-context.mjs'],
  ] as const) {
    host.deploy({ name, entry: fileURLToPath(new URL(`./handlers/${file}`, import.meta.url)), maxConcurrency: 1 })
  }
  api = await startLambdaApi(host)
  process.env['AWS_ENDPOINT_URL_LAMBDA'] = api.url
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  client = new LambdaClient({ region: 'us-east-1', credentials, maxAttempts: 1 })
})

afterAll(async () => {
  delete process.env['AWS_ENDPOINT_URL_LAMBDA']
  client.destroy()
  await api.close()
  await host.close()
})

const json = (payload: Uint8Array | undefined) => JSON.parse(Buffer.from(payload ?? []).toString())
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')

test('the SDK invokes by name and by ARN, and the client context arrives as it was sent', async () => {
  for (const FunctionName of ['fn', host.functionArn('fn'), 'fn:live']) {
    const ClientContext = encoded({ custom: { waybill: 'wb1.é' } })
    const answer = await client.send(new InvokeCommand({ FunctionName, ClientContext, Payload: '{"do":"context"}' }))
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' })
    expect(answer.FunctionError).toBeUndefined()
    expect(json(answer.Payload).clientContext).toEqual({ custom: { waybill: 'wb1.é' } })
  }
})

test('a function error is named, and the log tail comes with it', async () => {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: 'fn', LogType: 'Tail', Payload: '{"do":"throw"}' }),
  )
  expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' })
  expect(json(answer.Payload)).toMatchObject({ errorType: 'TypeError', errorMessage: 'the kitchen is closed' })
  expect(Buffer.from(answer.LogResult ?? '', 'base64').toString()).toContain('the kitchen is closed')
})

test('an event is answered 202 and arrives without its client context', async () => {
  const ClientContext = encoded({ custom: { a: 1 } })
  const sent = { FunctionName: 'says-context', ClientContext }
  await client.send(new InvokeCommand(sent))
  const answer = await client.send(new InvokeCommand({ ...sent, InvocationType: 'Event' }))
  expect(answer.StatusCode).toBe(202)
  await host.idle()
  expect(lines.slice(-2)).toEqual(['{"custom":{"a":1}}', 'none'])
})

test('an invocation without a payload delivers an empty object', async () => {
  expect(json((await client.send(new InvokeCommand({ FunctionName: 'fn' }))).Payload).echo).toEqual({})
})

test.each([
  ['RequestResponse', 6 * 1024 * 1024],
  ['Event', 1024 * 1024],
] as const)('%s takes a payload up to its limit and refuses one byte more', async (InvocationType, limit) => {
  const Payload = (bytes: number): string => JSON.stringify('x'.repeat(bytes - 2))
  const over = new InvokeCommand({ FunctionName: 'says-context', InvocationType, Payload: Payload(limit + 1) })
  await expect(client.send(over)).rejects.toMatchObject({ name: 'RequestTooLargeException' })
  const fits = new InvokeCommand({ FunctionName: 'says-context', InvocationType, Payload: Payload(limit) })
  expect((await client.send(fits)).FunctionError).toBeUndefined()
  await host.idle()
})

test('what the service refuses is refused with its names', async () => {
  const unknown = client.send(new InvokeCommand({ FunctionName: 'nobody' }))
  await expect(unknown).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  const malformed = client.send(new InvokeCommand({ FunctionName: 'fn', Payload: '{' }))
  await expect(malformed).rejects.toMatchObject({ name: 'InvalidRequestContentException' })
  const context = client.send(new InvokeCommand({ FunctionName: 'fn', ClientContext: 'e30'.repeat(1195) }))
  await expect(context).rejects.toMatchObject({ name: 'InvalidRequestContentException' })
})

test('an operation that is not emulated is named', async () => {
  await expect(client.send(new ListFunctionsCommand({}))).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: expect.stringContaining('GET /2015-03-31/functions'),
  })
})
