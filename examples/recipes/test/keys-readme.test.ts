import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { createWaybill, keyRing, sealToken } from '@waybill/core'
import { startParameterStore } from '@waybill/local'
import { keysFromParameter } from '@waybill/powertools/parameter'
import { afterEach, describe, expect, it, vi } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const readme = readFileSync(resolve(root, 'packages/powertools/README.md'), 'utf8')
afterEach(() => void vi.unstubAllEnvs())

const secret = Buffer.alloc(32, 1).toString('base64')
/** The README's documents leave the secrets out. */
const filled = (document: string): string => document.replaceAll('…', secret)
const blocks = (kind: string): ReadonlyMap<string, string> =>
  new Map(
    [...readme.matchAll(/```json (\w+)=(\w+)\n(.*?)```/gs)].flatMap(([, k, name = '', text = '']) =>
      k === kind ? [[name, text]] : [],
    ),
  )

it('shows the files that are compiled and run here, to the letter', () => {
  const snippets = [...readme.matchAll(/```ts file=(\S+)\n(.*?)```/gs)]
  const names = snippets.map(([, file]) => file?.split('/').at(-1))
  expect(names).toEqual(['observers.ts', 'rotating-keys.ts', 'shop.ts', 'warehouse.ts'])
  for (const [, file = '', text] of snippets) expect(text).toBe(readFileSync(resolve(root, file), 'utf8'))
})

it('names each subpath of the package', () => {
  const { exports } = JSON.parse(readFileSync(resolve(root, 'packages/powertools/package.json'), 'utf8')) as {
    exports: object
  }
  const named = [...readme.matchAll(/^\| `@waybill\/powertools\/(\w+)`/gm)].map(([, name]) => `./${name}`)
  expect(named).toEqual(Object.keys(exports))
})

describe('the documents', () => {
  async function ringOf(text: string) {
    const keys = keysFromParameter('/keys', { provider: { get: async () => filled(text) } })
    await keys.refresh()
    const ring = keys.current()
    const ids = ['k0', 'k1', 'k2'].filter((id) => ring.verifier(id) !== undefined)
    return { signs: ring.signer?.id, verifies: ids, fingerprints: ring.fingerprint('ada') !== undefined }
  }

  it('of the format is one that is taken', async () => {
    const [, text = ''] = /```json\n(\{\n {2}"signing".*?)```/s.exec(readme) ?? []
    expect(await ringOf(text)).toEqual({ signs: 'k1', verifies: ['k0', 'k1'], fingerprints: true })
  })

  it('of the rotation do what its steps say', async () => {
    const steps = blocks('step')
    expect([...steps.keys()]).toEqual(['add', 'promote', 'retire'])
    const rings = await Promise.all([...steps.values()].map(ringOf))
    expect(rings).toEqual([
      { signs: 'k1', verifies: ['k1', 'k2'], fingerprints: true },
      { signs: 'k2', verifies: ['k1', 'k2'], fingerprints: true },
      { signs: 'k2', verifies: ['k2'], fingerprints: true },
    ])
  })
})

describe('the policies', () => {
  interface Statement {
    readonly Action: unknown
    readonly Resource: string
    readonly Condition?: object
  }
  const statementsOf = (name: string): readonly Statement[] => {
    const policy = JSON.parse(blocks('policy').get(name) ?? '') as { Statement?: Statement[] } & Statement
    return policy.Statement ?? [policy]
  }

  it.each([
    ['parameter', ['ssm:GetParameter', 'kms:Decrypt']],
    ['secret', ['secretsmanager:GetSecretValue', 'kms:Decrypt']],
    ['resource', ['secretsmanager:GetSecretValue']],
    ['key', ['kms:Decrypt']],
  ])('%s: allows the calls that are made, and no other', (name, actions) => {
    const statements = statementsOf(name)
    expect(statements.map(({ Action }) => Action)).toEqual(actions)
    for (const { Action, Condition } of statements) {
      if (Action === 'kms:Decrypt') expect(Condition).toBeDefined()
    }
  })

  it.each(['parameter', 'secret'])('%s: names its resources whole', (name) => {
    for (const { Resource } of statementsOf(name)) expect(Resource).toMatch(/^arn:aws:[^*]+$/)
  })
})

it('the first example runs: its keys are there before the first request', async () => {
  const ssm = await startParameterStore()
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_ENDPOINT_URL_SSM: ssm.endpoint,
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const client = new SSMClient({})
  const signing = { id: 'k1', secret }
  await client.send(
    new PutParameterCommand({ Name: '/shop/waybill-keys', Type: 'SecureString', Value: JSON.stringify({ signing }) }),
  )
  const { handler } = await import('../src/rotating-keys.ts')
  const before = ssm.reads()
  const decisions = [{ flag: 'new-order-flow', variation: 'canary', value: true }]
  const { token } = sealToken(createWaybill({ decisions }), keyRing({ signing }))
  const event = { orderId: 'o-1', _waybill: token }
  expect(await handler(event)).toEqual({ orderId: 'o-1', canary: true })
  expect([before, ssm.reads()]).toEqual([1, 1])
  client.destroy()
  await ssm.close()
})
