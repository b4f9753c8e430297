import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declareFlags } from '@waybill/core'
import { afterAll, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { fileSource } from '../../src/sources/file.ts'

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
  expect(() => fileSource(path)).toThrow(/the file is no object/)
})

it('a file in LaunchDarkly’s format may hold flags, values alone, and segments, and leave keys and versions out', () => {
  const path = join(directory, 'launchdarkly.json')
  const content = {
    flags: {
      f: {
        on: true,
        variations: [false, true],
        fallthrough: { variation: 0 },
        rules: [{ variation: 1, clauses: [{ op: 'segmentMatch', values: ['testers'] }] }],
      },
      broken: 5,
    },
    flagValues: { g: 'always' },
    segments: { testers: { included: ['u'] } },
  }
  writeFileSync(path, JSON.stringify(content))
  const declared = declareFlags({
    f: { variations: { off: false, on: true }, default: 'off' },
    g: { variations: { always: 'always', never: 'never' }, default: 'never' },
    broken: { variations: { off: false, on: true }, default: 'off' },
  })
  const answer = fileSource(path).decide({ key: 'u' }, declared.all)
  expect(answer).toMatchObject({
    decisions: [
      { variation: 'on', reason: 'RULE_MATCH' },
      { variation: 'always', version: 1, reason: 'FALLTHROUGH' },
      { cause: 'malformed_flag' },
    ],
  })
  writeFileSync(path, JSON.stringify({ ...content, flagValues: { f: true } }))
  expect(() => fileSource(path)).toThrow(/"f" is in "flags" and in "flagValues"/)
})

it('a file may have a value for a flag that is called as what every object has', () => {
  const path = join(directory, 'odd.json')
  writeFileSync(path, '{ "flagValues": { "__proto__": true, "constructor": true } }')
  const odd = { variations: { off: false, on: true }, default: 'off' } as const
  const declared = declareFlags({ ['__proto__']: odd, constructor: odd })
  expect(fileSource(path).decide({ key: 'u' }, declared.all)).toMatchObject({
    decisions: [{ variation: 'on' }, { variation: 'on' }],
  })
})

it('a file source reads YAML with the parser that it is given', () => {
  const path = join(directory, 'flags.yaml')
  writeFileSync(path, 'flagValues:\n  f: true\n')
  expect(read(fileSource(path, { parse: parseYaml }))).toEqual(['live', true])
  expect(() => fileSource(path)).toThrow(expect.objectContaining({ code: 'bad_flag_data' }))
})
