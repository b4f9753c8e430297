import { createHash } from 'node:crypto'
import { type KeyRing, type KeySource, keyRing, WaybillError } from '@waybill/core'
import { ringOf } from './key-document.ts'
import { type KeyTrouble, sayOnce, troubleOf } from './key-trouble.ts'

export interface StoredKeysOptions {
  /** How long loaded keys are used before they are loaded again. Default 300. */
  readonly ttlSeconds?: number
  /** The share of the time to live by which each load is moved at random, so that environments spread. Default 0.2. */
  readonly jitter?: number
  /** The longest that a request waits for a load. Default 1000: a cold start also fetches credentials and connects. */
  readonly deadlineMs?: number
  /** A token of an unknown key makes the keys be loaded at most this often. Default 30. */
  readonly lookSeconds?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** From 0 up to 1. Default `Math.random`. */
  readonly random?: () => number
  /** Takes what is said once for each kind of trouble. Default `console.warn`. */
  readonly warn?: (line: string) => void
}

/** What an operator or a health check wants to know; no secret in it. */
export interface StoredKeysStatus {
  /** `live`: the last load went well. `stale`: it did not, and the keys of an earlier one are used. `empty`: no keys yet. */
  readonly state: 'live' | 'stale' | 'empty'
  /** When the keys held were last confirmed, in milliseconds since the epoch. */
  readonly confirmedAtMs?: number
  /** Loads that failed since. */
  readonly failures: number
  readonly trouble?: KeyTrouble['code']
}

export interface StoredKeys extends KeySource {
  refresh(keyIds?: readonly string[]): Promise<void> | undefined
  /** The last load brought no keys: those in use, if any, may be outdated. */
  isBehind(): boolean
  status(): StoredKeysStatus
}

const FIRST_RETRY_MS = 1000

interface Attempt {
  readonly number: number
  readonly startedAtMs: number
  failed: boolean
  done: Promise<void>
}

/** What we ask of a Powertools provider, by shape. */
export interface TextProvider {
  get(name: string, options: { decrypt: true; forceFetch: true; maxAge: 0 }): Promise<unknown>
}

/** Powertools takes no abort signal: without these a store that hangs would keep a socket for each try. */
export interface ClientConfig {
  readonly requestHandler: { connectionTimeout: number; requestTimeout: number; throwOnRequestTimeout: true }
}

function clientConfigFor(deadlineMs: number): ClientConfig {
  return {
    requestHandler: { connectionTimeout: deadlineMs, requestTimeout: deadlineMs, throwOnRequestTimeout: true },
  }
}

/**
 * Keeps the ring whose text a provider has. One load at a time, shared by all who wait. Where a load fails or finds
 * a document that cannot be used, the last good ring stays, and the next try is a second away, then two, four, up to a
 * time to live. There is no timer but the deadline of a load under way: Lambda would freeze it, and nothing is kept awake.
 */
export function storedKeys(
  maker: string,
  name: string,
  makeProvider: (clientConfig: ClientConfig) => TextProvider,
  options: StoredKeysOptions & { readonly provider?: TextProvider },
): StoredKeys {
  const { ttlSeconds, jitter, deadlineMs, lookSeconds } = checked(maker, options)
  if (typeof name !== 'string' || name === '') throw new WaybillError('bad_option', `${maker}: the name is empty`)
  const { nowMs = Date.now, random = Math.random, warn = console.warn } = options
  const say = sayOnce(`${maker}(${JSON.stringify(name)})`, warn)
  let { provider } = options
  let ring: KeyRing = keyRing({})
  /** Of the text that the ring was made of: an unchanged one keeps its ring, and with it the memo of tokens seen. */
  let digest: string | undefined
  let confirmedAtMs: number | undefined
  let triedAtMs = Number.NEGATIVE_INFINITY
  let dueAtMs = Number.NEGATIVE_INFINITY
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let failures = 0
  let trouble: KeyTrouble | undefined
  let begun = 0
  let taken = 0
  let loading: Attempt | undefined

  const read = (): Promise<unknown> => {
    provider ??= makeProvider(clientConfigFor(deadlineMs))
    // Powertools' own cache would hide a rotation from us, and keep the text of the secrets in memory.
    return provider.get(name, { decrypt: true, forceFetch: true, maxAge: 0 })
  }

  const schedule = (afterMs: number): void => {
    triedAtMs = nowMs()
    dueAtMs = triedAtMs + afterMs * (1 - jitter * random())
  }

  const take = (attempt: Attempt, text: string): void => {
    // What answered after its deadline is as good as any, unless a later load was faster.
    if (attempt.number < taken) return
    const found = createHash('sha256').update(text).digest('base64')
    if (found !== digest) ring = ringOf(text)
    digest = found
    taken = attempt.number
    failures = 0
    trouble = undefined
    say.again()
    schedule(ttlSeconds * 1000)
    confirmedAtMs = triedAtMs
  }

  const fail = (attempt: Attempt, cause: KeyTrouble): void => {
    if (attempt.failed || attempt.number < begun) return
    attempt.failed = true
    failures += 1
    trouble = cause
    schedule(Math.min(ttlSeconds * 1000, FIRST_RETRY_MS * 2 ** (failures - 1)))
    say(cause, ring.empty)
  }

  const run = async (attempt: Attempt): Promise<void> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        fail(attempt, { code: 'keys_unavailable', error: 'DeadlineExceeded', detail: `no answer in ${deadlineMs} ms` })
        resolve()
      }, deadlineMs)
    })
    const work = async (): Promise<void> => {
      try {
        take(attempt, textOf(await read()))
      } catch (error) {
        fail(attempt, troubleOf(error))
      }
    }
    await Promise.race([work(), late])
    clearTimeout(timer)
    if (loading === attempt) loading = undefined
  }

  const isUnderWay = (now: number): boolean =>
    // One past its deadline was frozen with the environment, and would only fail those who join it.
    loading !== undefined && now - loading.startedAtMs <= deadlineMs && now >= loading.startedAtMs

  const load = (now: number): Promise<void> => {
    if (loading !== undefined && isUnderWay(now)) return loading.done
    begun += 1
    const attempt: Attempt = { number: begun, startedAtMs: now, failed: false, done: Promise.resolve() }
    loading = attempt
    attempt.done = run(attempt)
    return attempt.done
  }

  const isStrange = (keyIds: readonly string[]): boolean => keyIds.some((id) => ring.verifier(id) === undefined)

  return {
    current: () => ring,
    refresh: (keyIds = []) => {
      const now = nowMs()
      // A clock that went back (an environment restored from a snapshot) is taken for expiry.
      const isDue = now >= dueAtMs || now < triedAtMs
      const mayLook = isUnderWay(now) || now - lookedAtMs >= lookSeconds * 1000 || now < lookedAtMs
      if (!isDue && !(mayLook && isStrange(keyIds))) return undefined
      return load(now).then(() => {
        // Only a look in vain is held against the next: at a cold start every key is unknown before the load.
        if (isStrange(keyIds)) lookedAtMs = now
      })
    },
    isBehind: () => failures > 0,
    status: () => ({
      state: confirmedAtMs === undefined ? 'empty' : failures > 0 ? 'stale' : 'live',
      failures,
      ...(confirmedAtMs === undefined ? {} : { confirmedAtMs }),
      ...(trouble === undefined ? {} : { trouble: trouble.code }),
    }),
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  // A binary secret.
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  throw new Error('there is no text under this name')
}

type Numbers = Required<Pick<StoredKeysOptions, 'ttlSeconds' | 'jitter' | 'deadlineMs' | 'lookSeconds'>>

function checked(maker: string, options: StoredKeysOptions): Numbers {
  const { ttlSeconds = 300, jitter = 0.2, deadlineMs = 1000, lookSeconds = 30 } = options
  const numbers: Numbers = { ttlSeconds, jitter, deadlineMs, lookSeconds }
  for (const [option, value] of Object.entries(numbers)) {
    const isRight = option === 'jitter' ? value >= 0 && value <= 1 : value > 0 && value < 2 ** 31
    if (typeof value !== 'number' || !isRight) {
      const expected = option === 'jitter' ? 'from 0 to 1' : 'a positive number'
      throw new WaybillError('bad_option', `${maker}: option "${option}" must be ${expected}`)
    }
  }
  return numbers
}
