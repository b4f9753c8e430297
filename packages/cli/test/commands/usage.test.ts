import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, waybill } from '../support/waybill.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-cli-'))
  const flag = { key: 'checkout', version: 1, on: true, variations: [false, true], fallthrough: { variation: 0 } }
  await writeFile(join(folder, 'flags.json'), JSON.stringify({ flags: { checkout: flag } }))
  await writeFile(join(folder, 'not.json'), '{"flags": ')
  await writeFile(join(folder, 'list.json'), '[]')
  await writeFile(join(folder, 'other.json'), '{"name": "x"}')
  await writeFile(join(folder, 'key.json'), '{"flags": {"a": {"key": "b", "version": 1}}}')
  await writeFile(join(folder, 'version.json'), '{"flags": {"a": {"key": "a", "version": "1"}}}')
  await writeFile(join(folder, 'shape.json'), '{"flags": {"a": {"key": "a", "version": 1, "on": "false"}}}')
  await writeFile(join(folder, 'last.json'), `{"flags": {"a": {"key": "a", "version": ${Number.MAX_SAFE_INTEGER}}}}`)
  await writeFile(join(folder, 'segment.json'), '{"segments": {"a/b": {"key": "a/b", "version": 1}}}')
  await writeFile(join(folder, 'values.json'), '{"flagValues": {"a": true}}')
})
afterAll(() => rm(folder, { recursive: true }))

const w = (...args: string[]): Promise<Outcome> => waybill(args, { cwd: folder, env: { WAYBILL_FILE: 'flags.json' } })
const LONG = 'x'.repeat(2_001)

describe('bad input is answered with one clear line and 2', () => {
  it.each<[readonly string[], string]>([
    [['bogus'], "unknown command 'bogus'"],
    [['flags', 'bogus'], "unknown command 'bogus'"],
    [['flags', 'list', '--bogus'], "unknown option '--bogus'"],
    [['flags', 'list', 'too', 'much'], 'too many arguments'],
    [['flags', 'get'], "missing required argument 'flag'"],
    [['flags', 'get', 'nothing'], 'There is no flag "nothing" in flags.json'],
    [['flags', 'get', 'no key'], 'is no flag key'],
    [['flags', 'list', '--table', 't', '--file', 'f'], 'Two stores'],
    [['flags', 'list', '--prefix', 'p', '--file', 'f'], '--prefix goes with --table'],
    [['flags', 'list', '--timeout-seconds', 'soon'], 'must be seconds'],
    [['flags', 'kill', 'checkout'], "required option '--comment <text>' not specified"],
    [['flags', 'kill', 'checkout', '--comment', '  '], 'comment is empty'],
    [['flags', 'kill', 'checkout', '--comment', '--dry-run'], '--comment has no value'],
    [['flags', 'kill', 'checkout', '--comment', LONG], 'at most 2000'],
    [['flags', 'kill', 'checkout', '--comment', 'x', '--who', ' '], 'Say who'],
    [['flags', 'kill', 'checkout', '--comment', 'x', '--if-version', 'one'], 'whole number, 0 or more'],
    [['flags', 'set', 'checkout', 'maybe', '--comment', 'x'], '"maybe" cannot be set'],
    [['flags', 'set', 'checkout', 'on', 'canary', '--comment', 'x'], 'takes no variation'],
    [['flags', 'set', 'checkout', 'fallthrough', '--comment', 'x'], 'needs a variation'],
    [['flags', 'rollout', 'checkout', 'blue', '10', '--comment', 'x'], 'it has false, true'],
    [['flags', 'rollout', 'checkout', 'true', '101', '--comment', 'x'], 'is no percentage'],
    [['flags', 'target', 'checkout', 'true', '--comment', 'x'], "missing required argument 'user'"],
    [['flags', 'target', 'checkout', 'true', '', '--comment', 'x'], 'empty'],
    [['flags', 'create', 'a b', '--comment', 'x'], 'is no flag key'],
    [['flags', 'create', 'a', '--variation', 'on', '--comment', 'x'], 'two variations'],
    [['flags', 'owner', 'checkout', 'me', '--comment', 'x'], 'Allowed choices are waybill, launchdarkly'],
    [['flags', 'import', 'absent.json', '--comment', 'x'], 'cannot be read'],
    [['flags', 'import', 'not.json', '--comment', 'x'], 'is not JSON'],
    [['flags', 'import', 'list.json', '--comment', 'x'], 'is no object'],
    [['flags', 'import', 'other.json', '--comment', 'x'], 'neither "flags" nor "segments"'],
    [['flags', 'import', 'key.json', '--comment', 'x'], 'its "key" is "b"'],
    [['flags', 'import', 'version.json', '--comment', 'x'], 'its "version" is no whole number'],
    [['flags', 'import', 'shape.json', '--comment', 'x'], 'flag.on is no boolean'],
    [['flags', 'import', 'values.json', '--comment', 'x'], '"flagValues"'],
    [['flags', 'import', 'last.json', '--comment', 'x'], 'could not be changed any more'],
    [['flags', 'import', 'segment.json', '--comment', 'x'], 'is no segment key'],
    [['flags', 'diff', 'not.json'], 'is not JSON'],
    [['flags', 'list', '--file', 'not.json'], 'is not JSON'],
    [['decide', 'checkout'], "required option '--context <context>'"],
    [['decide', 'checkout', '--context', ''], 'nobody in it'],
    [['decide', 'checkout', '--context', '{}'], 'nobody in it'],
    [['decide', 'checkout', '--context', '{"key":'], 'not JSON'],
    [['decide', 'checkout', '--context', '{"kind":"multi","user":{"key":"u"},"org":{}}'], 'nobody in it'],
    [['decide', 'checkout', '--context', '@absent.json'], 'cannot be read'],
    [['decide', 'nothing', '--context', 'u'], 'There is no flag "nothing"'],
    [['rollout', 'start', 'checkout', '--preset', 'LambdaAllAtOnce'], "required option '--comment <text>'"],
    [['rollout', 'rollback', 'checkout'], "required option '--comment <text>'"],
    [['rollout', 'approve', 'checkout', '--step', '0', '--comment', 'x'], 'counted from 1'],
    [['rollout', 'bogus'], "unknown command 'bogus'"],
    [['token', 'inspect'], "missing required argument 'token'"],
    [['token', 'inspect', 'not-a-token'], 'no token that can be read'],
    [['token', 'inspect', ''], 'No token was given'],
    [['token', 'verify', 'wb1.x'], 'WAYBILL_KEYS'],
  ])('%j', async (args, why) => {
    const before = await readFile(join(folder, 'flags.json'), 'utf8')
    const { code, stdout, stderr } = await w(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    expect(stderr).toContain(why)
    expect(await readFile(join(folder, 'flags.json'), 'utf8')).toBe(before)
  })

  it('and as JSON where --json was asked for, for usage as for all else', async () => {
    for (const args of [
      ['flags', 'get', 'nothing', '--json'],
      ['flags', 'list', '--bogus', '--json'],
    ]) {
      const { code, stdout, stderr } = await w(...args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } })
    }
  })

  it('no store at all is asked for', async () => {
    for (const args of [[], ['--table', ''], ['--file', '']]) {
      const outcome = await waybill(['flags', 'list', ...args])
      expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('--table NAME') })
    }
  })
})

describe('help', () => {
  it('that is asked for is printed, and ends with 0', async () => {
    for (const args of [['--help'], ['help', 'flags'], ['flags', 'rollout', '--help'], ['token', 'verify', '--help']]) {
      const { code, stdout, stderr } = await waybill(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^Usage: waybill/)
    }
    expect((await waybill(['--help'])).stdout).toContain(
      'Exit codes: 0 done, 1 failed or refused, 2 wrong usage or input.',
    )
  })

  it('is what a group without a command answers, with 2', async () => {
    for (const args of [[], ['flags'], ['token'], ['rollout']]) {
      expect(await waybill(args)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/^Usage: waybill/),
      })
    }
  })

  it('knows its version', async () => {
    expect(await waybill(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' })
  })
})
