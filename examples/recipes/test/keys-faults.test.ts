import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { createWaybill, declareFlags, keyRing, type Observer, sealToken, withHonouredDecisions } from '@waybill/core'
import { type Cutter, startCutter, startParameterStore, startSecretsManager } from '@waybill/local'
import { keysFromParameter } from '@waybill/powertools/parameter'
import { keysFromSecret } from '@waybill/powertools/secret'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const flags = declareFlags({ f: { variations: { control: false, canary: true }, default: 'control' } })
const key = (id: string, fill: number) => ({ id, secret: Buffer.alloc(32, fill).toString('base64') })
const k1 = key('k1', 1)
const waybill = createWaybill({ decisions: [{ flag: 'f', variation: 'canary', value: true }] })
const { token: _waybill = '' } = sealToken(waybill, keyRing({ signing: k1 }))
const good = JSON.stringify({ signing: k1 })

/** One of the two stores, behind something that fails like a network. */
interface Store {
  readonly cutter: Cutter
  readonly make: typeof keysFromParameter | typeof keysFromSecret
  readonly failWith: (code: string | undefined, message?: string) => void
  readonly reads: () => number
  readonly put: (text: string) => Promise<unknown>
  readonly close: () => Promise<void>
}

const starting: Readonly<Record<'a parameter' | 'a secret', () => Promise<Store>>> = {
  'a parameter': async () => {
    const engine = await startParameterStore()
    const cutter = await startCutter(engine.endpoint)
    vi.stubEnv('AWS_ENDPOINT_URL_SSM', cutter.endpoint)
    const client = new SSMClient({ endpoint: engine.endpoint })
    const put = (Value: string) =>
      client.send(new PutParameterCommand({ Name: '/keys', Type: 'SecureString', Value, Overwrite: true }))
    const close = async () => {
      client.destroy()
      await cutter.close()
      await engine.close()
    }
    return { ...engine, cutter, make: keysFromParameter, put, close }
  },
  'a secret': async () => {
    const engine = await startSecretsManager()
    const cutter = await startCutter(engine.endpoint)
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', cutter.endpoint)
    const client = new SecretsManagerClient({ endpoint: engine.endpoint })
    await client.send(new CreateSecretCommand({ Name: '/keys', SecretString: good }))
    const put = (SecretString: string) => client.send(new PutSecretValueCommand({ SecretId: '/keys', SecretString }))
    const close = async () => {
      client.destroy()
      await cutter.close()
      await engine.close()
    }
    return { ...engine, cutter, make: keysFromSecret, put, close }
  },
}

describe.each(['a parameter', 'a secret'] as const)('a function whose keys are in %s', (where) => {
  let store: Store
  beforeAll(async () => {
    vi.stubEnv('AWS_REGION', 'us-east-1')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    store = await starting[where]()
  })
  afterAll(async () => {
    await store.close()
    vi.unstubAllEnvs()
  })

  /** A cold start: with the client that it makes itself, and a clock that the test moves. */
  function environment(deadlineMs: number) {
    let nowMs = Date.parse('2026-11-21T08:00:00Z')
    const lines: Record<string, string>[] = []
    const counts: Record<string, number> = {}
    const observer: Observer = {
      reportsCounts: true,
      end: (report) => {
        for (const [code, by] of report.counts) counts[code] = (counts[code] ?? 0) + by
      },
    }
    const keys = store.make('/keys', {
      deadlineMs,
      jitter: 0,
      nowMs: () => nowMs,
      warn: (line) => void lines.push(JSON.parse(line)),
    })
    const handle = withHonouredDecisions(async (_event: object) => flags.get('f'), {
      flags,
      keys,
      observers: [observer],
    })
    const pass = (seconds: number): void => {
      nowMs += seconds * 1000
    }
    return { keys, lines, counts, pass, handler: () => handle({ _waybill }) }
  }

  const text = (document: object) => () => store.put(JSON.stringify(document))
  const short = { id: 'k1', secret: Buffer.alloc(16, 1).toString('base64') }
  const faults: [what: string, code: string, fault: () => unknown, error?: string][] = [
    ['is down', 'keys_unavailable', () => store.cutter.cut()],
    ['hangs', 'keys_unavailable', () => store.cutter.hang()],
    ['throttles', 'keys_unavailable', () => store.failWith('ThrottlingException'), 'ThrottlingException'],
    ['denies access', 'keys_unavailable', () => store.failWith('AccessDeniedException'), 'AccessDeniedException'],
    ['holds garbage', 'bad_key', () => store.put(`${k1.secret}, which is no document`), 'WaybillError'],
    ['holds a key too short', 'bad_key', text({ signing: short }), 'WaybillError'],
    ['holds one id twice', 'bad_key', text({ signing: k1, verifying: [k1] }), 'WaybillError'],
  ]

  it.each(faults)(
    'which %s: uses the last good keys, says so once, and finds it healed',
    async (what, code, fault, error) => {
      await store.put(good)
      const { keys, handler, pass, lines, counts } = environment(what === 'hangs' ? 100 : 2000)
      expect(await handler()).toBe(true)
      try {
        await fault()
        pass(300)
        expect(await handler()).toBe(true)
        pass(1)
        expect(await handler()).toBe(true)
        expect(keys.status()).toMatchObject({ state: 'stale', failures: 2, trouble: code })
        expect(lines).toEqual([expect.objectContaining({ code, ...(error === undefined ? {} : { error }) })])
        expect(JSON.stringify(lines)).not.toContain(k1.secret.slice(0, 12))
      } finally {
        store.cutter.heal()
        store.failWith(undefined)
        await store.put(good)
      }
      pass(2)
      expect(await handler()).toBe(true)
      expect(keys.status()).toMatchObject({ state: 'live', failures: 0 })
      expect(counts).toEqual({ keys_unavailable: 2 })
    },
  )

  it.each(faults)(
    'which %s, at a cold start: serves on defaults, counts it, and finds it healed',
    async (what, code, fault) => {
      const { keys, handler, pass, counts } = environment(what === 'hangs' ? 100 : 2000)
      try {
        await fault()
        expect(await handler()).toBe(false)
        expect(keys.status()).toMatchObject({ state: 'empty', failures: 1, trouble: code })
        expect(counts).toEqual({ keys_unavailable: 1, no_keys: 1, refused: 1 })
      } finally {
        store.cutter.heal()
        store.failWith(undefined)
        await store.put(good)
      }
      pass(1)
      expect(await handler()).toBe(true)
    },
  )

  it('is read once for all requests of an environment within the time to live', async () => {
    const { handler, pass } = environment(2000)
    const before = store.reads()
    await Promise.all(Array.from({ length: 20 }, handler))
    pass(299)
    await handler()
    expect(store.reads() - before).toBe(1)
  })
})
