import { GetParameterCommand, GetParametersByPathCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ParameterStore, startParameterStore } from '../../src/engines/parameter-store.ts'
import { LOCAL_CLIENT } from './local-client.ts'

let engine: ParameterStore
let ssm: SSMClient
beforeEach(async () => {
  engine = await startParameterStore()
  ssm = new SSMClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint, maxAttempts: 1 })
})
afterEach(async () => {
  ssm.destroy()
  await engine.close()
})

const put = (Name: string, Value: string, Type: 'String' | 'SecureString' = 'String', Overwrite = false) =>
  ssm.send(new PutParameterCommand({ Name, Value, Type, Overwrite }))

test('a parameter is read as it was put, with its version and ARN', async () => {
  await put('/shop/keys', 'one')
  await put('/shop/keys', 'two', 'String', true)
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/shop/keys' }))
  expect(Parameter).toMatchObject({
    Value: 'two',
    Version: 2,
    ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/shop/keys',
  })
})

test('an encrypted one is readable only with decryption', async () => {
  await put('/shop/keys', 'secret', 'SecureString')
  const get = async (WithDecryption: boolean) =>
    (await ssm.send(new GetParameterCommand({ Name: '/shop/keys', WithDecryption }))).Parameter?.Value
  expect(await get(true)).toBe('secret')
  expect(await get(false)).not.toContain('secret')
})

test('those under a path come in pages, and from deeper down when asked for', async () => {
  for (let index = 0; index < 11; index += 1) await put(`/shop/p${index}`, 'x')
  await put('/shop/deep/p', 'x')
  await put('/shopping/p', 'x')
  const first = await ssm.send(new GetParametersByPathCommand({ Path: '/shop' }))
  expect(first.Parameters).toHaveLength(10)
  const { NextToken } = first
  const rest = await ssm.send(new GetParametersByPathCommand({ Path: '/shop', NextToken }))
  expect([rest.Parameters?.map(({ Name }) => Name), rest.NextToken]).toEqual([['/shop/p10'], undefined])
  const deep = await ssm.send(new GetParametersByPathCommand({ Path: '/shop/', Recursive: true, NextToken }))
  expect(deep.Parameters).toHaveLength(2)
})

test('what is not there, there already or too long is refused by AWS’s name for it', async () => {
  await expect(ssm.send(new GetParameterCommand({ Name: '/none' }))).rejects.toThrow(
    expect.objectContaining({ name: 'ParameterNotFound' }),
  )
  await put('/there', 'x')
  await expect(put('/there', 'y')).rejects.toThrow(expect.objectContaining({ name: 'ParameterAlreadyExists' }))
  await expect(put('/long', 'x'.repeat(4097))).rejects.toThrow(expect.objectContaining({ name: 'ValidationException' }))
})

test('it fails on demand, and counts what it was asked all the same', async () => {
  await put('/shop/keys', 'x')
  engine.failWith('ThrottlingException', 'Rate exceeded')
  const get = () => ssm.send(new GetParameterCommand({ Name: '/shop/keys' }))
  await expect(get()).rejects.toThrow(
    expect.objectContaining({ name: 'ThrottlingException', message: 'Rate exceeded' }),
  )
  engine.failWith(undefined)
  expect((await get()).Parameter?.Value).toBe('x')
  expect(engine.reads()).toBe(2)
})
