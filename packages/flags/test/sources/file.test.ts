import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declareFlags } from '@waybill/core'
import { afterAll, expect, it } from 'vitest'
import { fileSource } from '../../src/sources/file.ts'
import { memorySource } from '../../src/sources/memory.ts'

const directory = mkdtempSync(join(tmpdir(), 'waybill-'))
afterAll(() => rmSync(directory, { recursive: true }))
const flags = declareFlags({ f: { variations: { off: false, on: true }, default: 'off' } })
const data = (variation: number): object => ({
  flags: { f: { key: 'f', version: variation + 1, on: true, variations: [false, true], fallthrough: { variation } } },
})
const read = (source: ReturnType<typeof fileSource>): unknown => {
  const answer = source.decide({ key: 'u' }, flags.all)
  return 'decisions' in answer ? [answer.status, ...answer.decisions.map((one) => 'value' in one && one.value)] : answer
}

it('a file source reads its file anew when it changes, and keeps the last good data when the file is bad', () => {
  const path = join(directory, 'flags.json')
  let now = 0
  writeFileSync(path, JSON.stringify(data(1)))
  const source = fileSource(path, { nowMs: () => now })
  expect(read(source)).toEqual(['live', true])
  writeFileSync(path, `${JSON.stringify(data(0))} `)
  expect(read(source)).toEqual(['live', true])
  now = 1000
  expect(read(source)).toEqual(['live', false])
  writeFileSync(path, '{')
  now = 2000
  expect(read(source)).toEqual(['stale', false])
  writeFileSync(path, JSON.stringify(data(1)))
  now = 3000
  expect(read(source)).toEqual(['live', true])
})

it('a file source without a usable file is a coded error at set-up', () => {
  const path = join(directory, 'bad.json')
  expect(() => fileSource(path)).toThrow(expect.objectContaining({ code: 'bad_flag_data' }))
  writeFileSync(path, '[]')
  expect(() => fileSource(path)).toThrow(/no "flags" object/)
})

it('a memory source counts versions up as it is updated', () => {
  const source = memorySource()
  expect(read(source)).toEqual(['live', false])
  source.update({ key: 'f', on: true, variations: [false, true], fallthrough: { variation: 1 } })
  source.update({ key: 'f', on: true, variations: [false, true], fallthrough: { variation: 1 } })
  expect(read(source)).toEqual(['live', true])
  expect(source.data.flags['f']?.version).toBe(2)
})
