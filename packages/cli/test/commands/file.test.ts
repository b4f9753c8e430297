import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileSource } from '@waybill/flags'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Outcome, waybill } from '../support/waybill.ts'

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
