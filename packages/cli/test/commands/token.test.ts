import { createWaybill, keyRing, sealToken } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import { type Outcome, waybill } from '../support/waybill.ts'

const secret = Buffer.alloc(32, 7).toString('base64')
const other = Buffer.alloc(32, 8).toString('base64')
const keys = keyRing({ signing: { id: 'k1', secret }, subjectSecret: secret })
const now = Math.floor(Date.now() / 1000)
function token(options: { audience?: string; variation?: string } = {}): string {
  const { audience, variation = 'canary' } = options
  const subject = keys.fingerprint('ada') ?? ''
  const decisions = [
    { flag: 'checkout', variation, value: true, version: 7, reason: 'FALLTHROUGH', bucketed: true },
  ] as const
  const made = createWaybill({ subject, decidedAtSeconds: now - 100, decisions })
  return sealToken(made, keys, audience === undefined ? {} : { audience }).token ?? ''
}
const KEYS = { WAYBILL_KEYS: `k1:${secret}`, WAYBILL_SUBJECT_SECRET: secret }
const w = (args: readonly string[], env: Record<string, string> = KEYS, input = ''): Promise<Outcome> =>
  waybill(['token', ...args], { env, input })

describe('token inspect', () => {
  it('shows what a token says, needs no keys, and says that it believes nothing', async () => {
    const { code, stdout } = await w(['inspect', token({ audience: 'prices & co.' })], {})
    expect(code).toBe(0)
    expect(stdout).toMatch(/^NOT VERIFIED: .*\n/)
    expect(stdout).toMatch(/audience {2}prices & co\.\n/)
    expect(stdout).toMatch(/checkout +canary +true +v7 +FALLTHROUGH, by percentage\n$/)
  })

  it('shows a forged one too, never as verified', async () => {
    const forged = token().replace('canary', 'forged')
    const { code, stdout } = await w(['inspect', forged, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      verified: false,
      keyId: 'k1',
      decidedAtSeconds: now - 100,
      decisions: [{ flag: 'checkout', variation: 'forged', version: 7 }],
    })
  })

  it('lets no token speak to the terminal', async () => {
    const { stdout } = await w(['inspect', token({ variation: 'evil\u001b[2Jx' })])
    expect(stdout).toContain('evil\\u001b[2Jx')
    expect(stdout).not.toContain('\u001b')
  })
})

describe('token verify', () => {
  it('believes what was signed with a key of WAYBILL_KEYS, also from standard input', async () => {
    expect(await w(['verify', token()])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^verified: signed with key k1\n/),
    })
    const { code, stdout } = await w(['verify', '-', '--json'], KEYS, `${token()}\n`)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ verified: true, decisions: [{ flag: 'checkout', variation: 'canary' }] })
  })

  it.each<[string, readonly string[], Record<string, string>, string]>([
    ['a changed one', [token().replace('canary', 'control')], KEYS, 'bad_signature'],
    ['another secret', [token()], { WAYBILL_KEYS: `k1:${other}` }, 'bad_signature'],
    ['an unknown key', [token()], { WAYBILL_KEYS: `k2:${secret}` }, 'unknown_key'],
    ['an old one', [token(), '--max-age-seconds', '60'], KEYS, 'expired'],
    ['another’s', [token({ audience: 'prices' }), '--audience', 'orders'], KEYS, 'wrong_audience'],
    ['another subject’s', [token(), '--context', 'bob'], KEYS, 'wrong_subject'],
    ['no token', ['garbage'], KEYS, 'malformed'],
    ['a newer format', ['wb9.whatever'], KEYS, 'unknown_format'],
    ['an oversized one', ['x'.repeat(9_000)], KEYS, 'oversize'],
  ])('refuses %s, says why, and ends with 1', async (_, args, env, refusal) => {
    expect(await w(['verify', ...args], env)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`(${refusal})`),
      stderr: '',
    })
    const { code, stdout } = await w(['verify', ...args, '--json'], env)
    expect({ code, json: JSON.parse(stdout) }).toMatchObject({ code: 1, json: { verified: false, refusal } })
  })

  it('accepts the subject, the age and the audience that were asked for', async () => {
    const args = ['--context', 'ada', '--max-age-seconds', '3600', '--audience', 'prices']
    expect(await w(['verify', token({ audience: 'prices' }), ...args])).toMatchObject({ code: 0 })
  })

  it('never prints a secret, not even a bad one', async () => {
    const bad = [
      'k1:tooshort',
      'k1 supersecretsupersecret',
      `${other}:k1`,
      `k1:${secret},k1:${secret}`,
      'k1:%%%supersecret',
    ]
    for (const text of bad) {
      const { code, stdout, stderr } = await w(['verify', token()], { WAYBILL_KEYS: text })
      expect(code).toBe(2)
      expect(stderr).toMatch(/^error: [^\n]+\n$/)
      for (const part of ['tooshort', 'supersecret', secret, other]) expect(stdout + stderr).not.toContain(part)
    }
    const { stdout, stderr } = await w(['verify', token()])
    expect(stdout + stderr).not.toContain(secret)
  })
})
