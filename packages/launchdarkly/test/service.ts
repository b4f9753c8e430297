import { type FlagStore, memoryStore } from '@waybill/flags'
import { type LaunchDarklyWebhook, type LocalLaunchDarkly, startLaunchDarkly } from '@waybill/local'
import { afterEach, beforeEach, vi } from 'vitest'
import type { SyncOptions } from '../src/sync.ts'
import type { WebhookRequest } from '../src/webhook-request.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

export const SDK_KEY = 'sdk-9f8e7d'
export const SECRET = 'webhook-s3cret'

export const bool = (key: string, on = true) => ({
  key,
  on,
  variations: [false, true],
  offVariation: 0,
  fallthrough: { variation: 1 },
  salt: key,
})

export interface Scene {
  readonly service: LocalLaunchDarkly
  readonly store: FlagStore
  readonly lines: string[]
  readonly options: SyncOptions
}

/** LaunchDarkly with the flags `a` and `b` and the segment `s`, and an empty store, anew for each test. */
export function scene(): Scene {
  let service: LocalLaunchDarkly
  let store: FlagStore
  let lines: string[] = []
  beforeEach(async () => {
    service = await startLaunchDarkly({ sdkKey: SDK_KEY, webhookSecret: SECRET })
    service.save('flags', bool('a'))
    service.save('flags', bool('b'))
    service.save('segments', { key: 's', included: ['u1'] })
    store = memoryStore()
    lines = []
  })
  afterEach(() => service.close())
  return {
    get service() {
      return service
    },
    get store() {
      return store
    },
    get lines() {
      return lines
    },
    get options() {
      const client = { baseUri: service.url, streamUri: service.url, streamInitialReconnectDelay: 0.05 }
      return { sdkKey: SDK_KEY, store, client, deadlineMs: 5_000, log: (line: string) => lines.push(line) }
    },
  }
}

export function delivered({ body, headers }: LaunchDarklyWebhook): WebhookRequest {
  return { body, headers }
}

export async function versionsIn(store: FlagStore): Promise<Readonly<Record<string, number>>> {
  const { flags = {}, segments = {} } = (await store.readAll()) ?? {}
  const versions = [...Object.values(flags), ...Object.values(segments)].map(({ key, version }) => [key, version])
  return Object.fromEntries(versions)
}

/** A store of which one method waits at a gate, to be looked at meanwhile. */
export function gated(store: FlagStore, method: 'init' | 'upsert') {
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const wrap = (inner: FlagStore): FlagStore => ({
    ...inner,
    [method]: async (...args: never[]) => {
      reached.resolve()
      await gate.promise
      return (inner[method] as (...args: never[]) => Promise<unknown>)(...args)
    },
    as: (writer) => wrap(inner.as(writer)),
  })
  return { store: wrap(store), reached: reached.promise, open: gate.resolve }
}

/** A store that fails as it is told to. */
export function failing(store: FlagStore, fails: (method: string) => Error | undefined): FlagStore {
  const wrap = (inner: FlagStore): FlagStore =>
    new Proxy(inner, {
      get: (target, name: keyof FlagStore) => {
        if (name === 'as') return (writer: never) => wrap(target.as(writer))
        return async (...args: never[]) => {
          const error = fails(name)
          if (error) throw error
          return (target[name] as (...args: never[]) => unknown)(...args)
        }
      },
    })
  return wrap(store)
}
