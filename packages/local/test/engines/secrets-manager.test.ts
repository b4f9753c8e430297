import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type SecretsManager, startSecretsManager } from '../../src/engines/secrets-manager.ts'
import { LOCAL_CLIENT } from './local-client.ts'

let engine: SecretsManager
let client: SecretsManagerClient
beforeEach(async () => {
  engine = await startSecretsManager()
  client = new SecretsManagerClient({ ...LOCAL_CLIENT, endpoint: engine.endpoint, maxAttempts: 1 })
})
afterEach(async () => {
  client.destroy()
  await engine.close()
})

const get = (SecretId?: string, VersionStage?: string) =>
  client.send(new GetSecretValueCommand({ SecretId, VersionStage }))

test('a secret is read by its name and by its ARN, which cannot be guessed', async () => {
  const { ARN } = await client.send(new CreateSecretCommand({ Name: 'shop/keys', SecretString: 'one' }))
  expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:shop\/keys-[A-Za-z0-9]{6}$/)
  for (const id of ['shop/keys', ARN]) expect((await get(id)).SecretString).toBe('one')
})

test('a new value is the current one, and the one before stays as the previous', async () => {
  await client.send(new CreateSecretCommand({ Name: 'keys', SecretString: 'one' }))
  await expect(get('keys', 'AWSPREVIOUS')).rejects.toThrow(
    expect.objectContaining({ name: 'ResourceNotFoundException' }),
  )
  await client.send(new PutSecretValueCommand({ SecretId: 'keys', SecretString: 'two' }))
  expect((await get('keys')).SecretString).toBe('two')
  expect((await get('keys', 'AWSPREVIOUS')).SecretString).toBe('one')
})

test('what is not there or there already is refused by AWS’s name for it', async () => {
  await expect(get('none')).rejects.toThrow(expect.objectContaining({ name: 'ResourceNotFoundException' }))
  const create = () => client.send(new CreateSecretCommand({ Name: 'keys', SecretString: 'one' }))
  await create()
  await expect(create()).rejects.toThrow(expect.objectContaining({ name: 'ResourceExistsException' }))
})

test('it fails on demand, and counts what it was asked all the same', async () => {
  await client.send(new CreateSecretCommand({ Name: 'keys', SecretString: 'one' }))
  engine.failWith('AccessDeniedException')
  await expect(get('keys')).rejects.toThrow(expect.objectContaining({ name: 'AccessDeniedException' }))
  engine.failWith(undefined)
  expect((await get('keys')).SecretString).toBe('one')
  expect(engine.reads()).toBe(2)
})
