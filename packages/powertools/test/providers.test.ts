import { execFile } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets'
import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { keysFromParameter } from '../src/parameter.ts'
import { keysFromSecret } from '../src/secret.ts'
import { documentOf, k1, k2 } from './key-fixture.ts'

/** What the two clients have in common. */
interface Stack {
  add(middleware: () => (args: { input: object }) => Promise<object>, options: { step: 'initialize' }): void
}

/** A client of the real SDK that answers in its place, and keeps what it was asked. */
function answering<C extends { readonly middlewareStack: unknown }>(client: C, answer: () => object) {
  const asked: object[] = []
  const respond = async (args: { input: object }): Promise<object> => {
    asked.push(args.input)
    return { output: { $metadata: {}, ...answer() }, response: {} }
  }
  const stack = client.middlewareStack as Stack
  stack.add(() => respond, { step: 'initialize' })
  return { asked, client }
}

const region = 'eu-west-1'
afterEach(() => void vi.unstubAllEnvs())

describe('through Powertools’ own providers', () => {
  it('a parameter is read decrypted, and past Powertools’ cache', async () => {
    vi.stubEnv('POWERTOOLS_PARAMETERS_MAX_AGE', '3600')
    let text = documentOf(k1)
    const { asked, client } = answering(new SSMClient({ region }), () => ({ Parameter: { Value: text } }))
    const provider = new SSMProvider({ awsSdkV3Client: client })
    // Somebody else's reading through the same provider fills its cache.
    await provider.get('/keys')
    let nowMs = 0
    const keys = keysFromParameter('/keys', { provider, nowMs: () => nowMs })
    await keys.refresh()
    text = documentOf(k2, k1)
    nowMs += 300_000
    await keys.refresh()
    expect(keys.current().signer?.id).toBe('k2')
    expect(asked.slice(1)).toEqual([
      { Name: '/keys', WithDecryption: true },
      { Name: '/keys', WithDecryption: true },
    ])
    // And ours leaves theirs as it was.
    expect(await provider.get('/keys')).toBe(documentOf(k1))
  })

  it('a secret is read by its name or ARN, past Powertools’ cache', async () => {
    let answer: object = { SecretString: documentOf(k1) }
    const { asked, client } = answering(new SecretsManagerClient({ region }), () => answer)
    const name = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/keys-AbCdEf'
    let nowMs = 0
    const provider = new SecretsProvider({ awsSdkV3Client: client })
    const keys = keysFromSecret(name, { provider, nowMs: () => nowMs })
    await keys.refresh()
    answer = { SecretBinary: Buffer.from(documentOf(k2, k1)) }
    nowMs += 300_000
    await keys.refresh()
    expect(keys.current().signer?.id).toBe('k2')
    expect(asked).toEqual([{ SecretId: name }, { SecretId: name }])
  })
})

describe('a store that never answers', () => {
  it.each([
    ['SSM', keysFromParameter],
    ['SECRETS_MANAGER', keysFromSecret],
  ] as const)('%s: keeps no connection of ours for longer than a deadline', async (service, make) => {
    let opened = 0
    let open = 0
    const server = createServer((socket) => {
      opened += 1
      open += 1
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open -= 1
      })
      socket.resume()
    })
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
    vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    vi.stubEnv('AWS_REGION', region)
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    await make('/keys', { deadlineMs: 100, warn: () => undefined }).refresh()
    await vi.waitUntil(() => opened > 0 && open === 0, 5000)
    await new Promise((done) => server.close(done))
  })
})

describe('what a module brings with it', () => {
  const dist = resolve(import.meta.dirname, '../dist')
  /** The SDK clients that a fresh process has loaded after importing one subpath. */
  async function clientsOf(subpath: string): Promise<string[]> {
    const script = `
      import { registerHooks } from 'node:module'
      const seen = new Set()
      registerHooks({ resolve(specifier, context, next) {
        const found = next(specifier, context)
        const client = /@aws-sdk\\/(client-(?:ssm|secrets-manager))\\//.exec(found.url)
        if (client) seen.add(client[1])
        return found
      } })
      await import(${JSON.stringify(`${dist}/${subpath}.js`)})
      console.log(JSON.stringify([...seen]))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    return JSON.parse(stdout) as string[]
  }

  it.each([
    ['metrics', []],
    ['parameter', ['client-ssm']],
    ['secret', ['client-secrets-manager']],
  ])('%s: %j', async (subpath, clients) => {
    expect(await clientsOf(subpath)).toEqual(clients)
  })
})
