import { createWaybill, declareFlags, type JsonValue, type KeyRing, keyRing, sealToken } from '@waybill/core'
import { type FlagData, type MemorySource, memorySource } from '@waybill/flags'

/** Ten boolean flags, each a 10 % rollout: what a busy service declares. */
export const TEN = Array.from({ length: 10 }, (_, index) => `checkout-step-${index}`)

export const flags = declareFlags(
  Object.fromEntries(TEN.map((key) => [key, { variations: { control: false, canary: true }, default: 'control' }])),
)
export const observedFlags = declareFlags({
  'checkout-step-0': { variations: { control: false, canary: true }, default: 'control', observe: true },
})

export const keys: KeyRing = keyRing({
  signing: { id: 'k1', secret: Buffer.alloc(32, 1) },
  subjectSecret: Buffer.alloc(32, 2),
})

const rolledOut = (key: string): FlagData => ({
  key,
  version: 12,
  on: true,
  salt: 'salt',
  variations: [false, true],
  fallthrough: {
    rollout: {
      variations: [
        { variation: 1, weight: 10_000 },
        { variation: 0, weight: 90_000 },
      ],
    },
  },
})

export const source: MemorySource = memorySource({ flags: Object.fromEntries(TEN.map((key) => [key, rolledOut(key)])) })

/** A token for `count` boolean decisions of one user. */
export function tokenOf(count: number, user: number): string {
  const decisions = Array.from({ length: count }, (_, index) => {
    const canary = (index + user) % 10 === 0
    const value: JsonValue = canary
    return {
      flag: `checkout-step-${index}`,
      variation: canary ? 'canary' : 'control',
      value,
      version: 12,
      reason: 'FALLTHROUGH',
      bucketed: true,
    } as const
  })
  const subject = keys.fingerprint(`user-${user}`) ?? ''
  const { token } = sealToken(createWaybill({ subject, decisions }), keys, { maxBytes: 8192 })
  if (token === undefined) throw new Error('the fixture could not be sealed')
  // As it comes off the wire: one flat string, not the parts that it was joined of.
  return JSON.parse(JSON.stringify(token)) as string
}

/** Different tokens, more than any memo holds. */
export const freshTokens: readonly string[] = Array.from({ length: 20_000 }, (_, user) => tokenOf(10, user))

export const httpEvent = (headers: Record<string, string>): object => ({
  version: '2.0',
  requestContext: { http: { method: 'GET', path: '/' } },
  headers: { host: 'x', 'user-agent': 'bench', accept: '*/*', ...headers },
})
