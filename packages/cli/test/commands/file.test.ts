import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, open, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileSource } from '@waybill/flags'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BIN, type Outcome, waybill } from '../support/waybill.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-cli-'))
})
afterEach(() => rm(folder, { recursive: true }))
const w = (line: string, env: Record<string, string> = {}): Promise<Outcome> =>
  waybill([...line.split(' '), '--file', 'flags.json'], { cwd: folder, env })
const read = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8')

it('a flag made in a file is read by the file source, and its history is beside it', async () => {
  await w('flags create checkout --on --fallthrough canary --comment local')
  const source = fileSource(join(folder, 'flags.json'))
  expect(source).toBeDefined()
  expect(JSON.parse(await read('flags.json'))).toMatchObject({ flags: { checkout: { version: 1, on: true } } })
  expect((await w('flags history checkout --json')).stdout).toContain('"comment": "local"')
})

it('what else is in the file stays, and a symbolic link stays one', async () => {
  const flag = { key: 'f', version: 1, on: true }
  await writeFile(join(folder, 'real.json'), JSON.stringify({ $schema: 'x', flags: { f: flag } }))
  await symlink('real.json', join(folder, 'flags.json'))
  expect(await w('flags kill f --comment x')).toMatchObject({ code: 0 })
  expect(JSON.parse(await read('real.json'))).toMatchObject({ $schema: 'x', flags: { f: { on: false, version: 2 } } })
})

it('a file that only its owner may read stays one', async () => {
  await writeFile(join(folder, 'flags.json'), '{"flags":{}}', { mode: 0o600 })
  await w('flags create f --comment x')
  expect((await stat(join(folder, 'flags.json'))).mode & 0o777).toBe(0o600)
})

it('of many writers at once none loses another’s change', async () => {
  await w('flags create checkout --comment x')
  const users = Array.from({ length: 6 }, (_, index) => `user-${index}`)
  const outcomes = await Promise.all(users.map((user) => w(`flags target checkout canary ${user} --comment x`)))
  const made = users.filter((_, index) => outcomes[index]?.code === 0)
  const { flags } = JSON.parse(await read('flags.json'))
  expect(flags.checkout.version).toBe(1 + made.length)
  expect([...(flags.checkout.targets?.[0].values ?? [])].sort()).toEqual(made)
  const history: readonly unknown[] = JSON.parse((await w('flags history checkout --json')).stdout)
  expect(history).toHaveLength(1 + made.length)
})

it('a file from an editor that begins with a byte order mark is read, and one with odd values is shown', async () => {
  const targets = [{ variation: 0, values: [1, null, { a: 1 }] }]
  const flag = { key: 'f', version: 1, on: true, variations: [1, 2], targets, fallthrough: { variation: 1 } }
  await writeFile(join(folder, 'flags.json'), `\uFEFF${JSON.stringify({ flags: { f: flag } })}`)
  expect(await w('flags get f')).toMatchObject({ code: 0, stdout: expect.stringContaining('1, null, {"a":1}') })
  expect(await w('flags kill f --comment x')).toMatchObject({ code: 0 })
})

it('flags that are called as what every object has are kept', async () => {
  await w('flags create __proto__ --comment x')
  await w('flags create constructor --comment x')
  expect(JSON.parse((await w('flags list --json')).stdout)).toMatchObject([
    { key: '__proto__' },
    { key: 'constructor' },
  ])
  expect(await w('decide __proto__ --context u')).toMatchObject({ code: 0 })
})

const hasFullDevice = existsSync('/dev/full')
if (!hasFullDevice) console.log('there is no /dev/full here: answers that cannot be written are passed over')
it.runIf(hasFullDevice)('an answer that cannot be written is no success', async () => {
  await w('flags create f --comment x')
  const full = await open('/dev/full', 'w')
  const child = spawn(process.execPath, [BIN, 'flags', 'export', '--file', join(folder, 'flags.json')], {
    stdio: ['ignore', full.fd, 'ignore'],
  })
  const [code] = await once(child, 'close')
  await full.close()
  expect(code).toBe(1)
})

it('a lock that was left behind is named, and the file is not touched', async () => {
  await w('flags create checkout --comment x')
  const before = await read('flags.json')
  await writeFile(join(folder, 'flags.json.lock'), '')
  const outcome = await w('flags set checkout on --comment x')
  expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('flags.json.lock') })
  expect(await read('flags.json')).toBe(before)
})

it('a file on the line goes before a table of the environment', async () => {
  expect(await w('flags list', { WAYBILL_TABLE: 't', WAYBILL_PREFIX: 'p' })).toMatchObject({ code: 0 })
})

it('there are no colours in a pipe, whoever asks for them', async () => {
  await w('flags create checkout --comment x')
  for (const line of ['flags list', 'flags get checkout', 'flags get nothing', '--help']) {
    const { stdout, stderr } = await w(line, { TERM: 'xterm-256color', COLORTERM: 'truecolor' })
    expect(stdout + stderr).not.toContain('\u001b')
  }
})
