import {
  acceptOverrides,
  createWaybill,
  declareFlags,
  type EvaluationContext,
  type FlagSource,
  keyRing,
  sealOverride,
  sealToken,
  withEvaluatedFlags,
} from '@waybill/core'
import { describe, expect, it } from 'vitest'
import { type Outcome, waybill } from '../support/waybill.ts'

const secret = Buffer.alloc(32, 7).toString('base64')
const KEYS = { WAYBILL_KEYS: `k1:${secret}`, WAYBILL_SUBJECT_SECRET: secret }
const keys = keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret })
const w = (args: readonly string[], env: Record<string, string> = KEYS, input = ''): Promise<Outcome> =>
  waybill(['token', ...args], { env, input })
const MINT = ['override', '--flag', 'checkout=canary', '--for', '2h']

const flags = declareFlags({ checkout: { variations: { control: false, canary: true }, default: 'control' } })
const control: FlagSource = {
  decide: () => ({
    status: 'live',
    decisions: [{ value: false, variation: 'control', version: 1, reason: 'FALLTHROUGH' }],
  }),
}
/** What an edge runs for whoever sends this token. */
function ranAtEdge(token: string, context: EvaluationContext): Promise<unknown> {
  const overrides = acceptOverrides({ flags: ['checkout'] })
  const edge = withEvaluatedFlags(() => flags.detail('checkout').variation, {
    ...{ flags, keys, overrides },
    source: control,
    context: () => context,
    observers: [{ reportsCounts: true, end: () => {} }],
  })
  const requestContext = { http: { method: 'GET', path: '/' } }
  return Promise.resolve(edge({ version: '2.0', requestContext, headers: { 'x-waybill': token } } as never))
}

describe('token override', () => {
  it('prints a token and nothing else, with which an edge runs the variation for that user alone', async () => {
    const { code, stdout, stderr } = await w([...MINT, '--subject', 'a:b%'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^wbo1\.k1\.[^\s]+\n$/)
    expect(stderr).toMatch(/^warning: this token is a bearer secret until 20[^\n]+\n$/)
    expect(await ranAtEdge(stdout.trim(), { key: 'a:b%' })).toBe('canary')
    expect(await ranAtEdge(stdout.trim(), { key: 'bob' })).toBe('control')
  })

  it('is for other kinds of subjects too, and for several flags', async () => {
    const org = { kind: 'multi', user: { key: 'u' }, org: { key: 'acme' } } as const
    const { stdout } = await w([...MINT, '--flag', 'other=a=b', '--context', JSON.stringify(org), '--json'])
    const minted = JSON.parse(stdout)
    expect(minted).toMatchObject({ keyId: 'k1', decisions: { checkout: 'canary', other: 'a=b' } })
    expect(minted.expiresAtSeconds - minted.issuedAtSeconds).toBe(7200)
    expect(await ranAtEdge(minted.token, org)).toBe('canary')
    expect(await ranAtEdge(minted.token, { key: 'u' })).toBe('control')
  })

  it.each<[string, readonly string[], Record<string, string>, string]>([
    ['nobody', MINT, KEYS, 'Say for whom'],
    ['two at once', [...MINT, '--subject', 'a', '--context', 'b'], KEYS, 'Say for whom'],
    ['an empty subject', [...MINT, '--subject', ''], KEYS, 'empty'],
    ['more than a day', [...MINT.slice(0, 3), '--for', '25h', '--subject', 'a'], KEYS, '24 hours at most'],
    ['no time', [...MINT.slice(0, 3), '--subject', 'a'], KEYS, '--for'],
    ['no flag', ['override', '--for', '1h', '--subject', 'a'], KEYS, '--flag'],
    ['no variation', ['override', '--flag', 'checkout', '--for', '1h', '--subject', 'a'], KEYS, 'not flag=variation'],
    ['a flag twice', [...MINT, '--flag', 'checkout=control', '--subject', 'a'], KEYS, 'there twice'],
    ['no keys', [...MINT, '--subject', 'a'], {}, 'no keys to sign with'],
    ['no subject secret', [...MINT, '--subject', 'a'], { WAYBILL_KEYS: `k1:${secret}` }, 'set WAYBILL_SUBJECT_SECRET'],
  ])('refuses %s, mints nothing, and ends with 2', async (_, args, env, said) => {
    const { code, stdout, stderr } = await w(args, env)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    expect(stderr).toContain(said)
    expect(stderr).not.toContain(secret)
  })
})

describe('token inspect and verify of an override', () => {
  const hour = { context: { key: 'ada' }, decisions: { checkout: 'canary', evil: 'x\u001b[2J' }, ttlSeconds: 3600 }
  const token = sealOverride(hour, keys)
  const signature = token.split('.').at(-1) ?? ''

  it('inspect says whose it is, what it decides and until when, and never the token', async () => {
    for (const [args, input] of [
      [['inspect', token], ''],
      [['inspect', '-'], token],
    ] as const) {
      const { code, stdout, stderr } = await w(args, {}, input)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(
        /^NOT VERIFIED: [\s\S]*an override for a tester\n[\s\S]*expires +20\S+Z, 60 min from now\n/,
      )
      expect(stdout).toMatch(/subject +\S{16}\nFLAG +VARIATION\ncheckout +canary\nevil +x\\u001b\[2J\n$/)
      expect(stdout).not.toContain(signature)
    }
    const { stdout } = await w(['inspect', token, '--json'], {})
    expect(JSON.parse(stdout)).toMatchObject({ verified: false, format: 'wbo1', decisions: { checkout: 'canary' } })
    expect(stdout).not.toContain(signature)
  })

  it('verify believes it for its subject and while it lives, and never shows it', async () => {
    const { code, stdout } = await w(['verify', token, '--context', 'ada'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^verified: signed with key k1\n/)
    expect(stdout).not.toContain(signature)
    expect((await w(['verify', token])).code).toBe(0)
  })

  const old = sealOverride({ ...hour, nowMs: () => Date.now() - 7_200_000 }, keys)
  const decisions = createWaybill({ decisions: [{ flag: 'checkout', variation: 'canary', value: true, version: 1 }] })
  const disguised = (sealToken(decisions, keys).token ?? '').replace(/^wb1/, 'wbo1')
  it.each<[string, readonly string[], string]>([
    ['another subject’s', [token, '--context', 'bob'], 'wrong_subject'],
    ['an old one', [old], 'expired'],
    ['a changed one', [token.replace('canary', 'control')], 'bad_signature'],
    ['one cut short', [token.slice(0, 30)], 'malformed'],
    ['decisions that are called an override', [disguised], 'malformed'],
  ])('verify refuses %s, and ends with 1', async (_, args, refusal) => {
    expect(await w(['verify', ...args])).toMatchObject({ code: 1, stdout: expect.stringContaining(`(${refusal})`) })
  })

  it('inspect shows one that is over, and refuses what no edge could read', async () => {
    expect((await w(['inspect', old], {})).stdout).toMatch(/expired +20\S+Z, 60 min ago/)
    expect(await w(['inspect', 'wbo1.x'], {})).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no override'),
    })
  })
})
