import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Outcome, waybill } from '../support/waybill.ts'

const canary = {
  version: 3,
  on: true,
  salt: 's',
  variations: [false, true],
  variationNames: ['control', 'canary'],
  offVariation: 0,
}
const half = {
  rollout: {
    variations: [
      { variation: 1, weight: 10_000 },
      { variation: 0, weight: 90_000 },
    ],
  },
}
const FLAGS = {
  rolled: { ...canary, key: 'rolled', fallthrough: half, targets: [{ values: ['ada'], variation: 1 }] },
  ruled: {
    ...canary,
    key: 'ruled',
    fallthrough: { variation: 0 },
    rules: [
      { id: 'r-1', variation: 0, clauses: [{ attribute: 'key', op: 'in', values: ['nobody'] }] },
      { id: 'r-2', ...half, clauses: [{ attribute: 'country', op: 'in', values: ['NL', 'BE'] }] },
    ],
  },
  off: { ...canary, key: 'off', on: false, fallthrough: { variation: 1 } },
  dependent: {
    ...canary,
    key: 'dependent',
    fallthrough: { variation: 1 },
    prerequisites: [{ key: 'off', variation: 1 }],
  },
  malformed: { ...canary, key: 'malformed', fallthrough: { variation: 9 } },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-cli-'))
  await writeFile(join(folder, 'flags.json'), JSON.stringify({ flags: FLAGS }))
  await writeFile(join(folder, 'ada.json'), '{"key":"ada"}')
})
afterAll(() => rm(folder, { recursive: true }))
const w = (...args: string[]): Promise<Outcome> => waybill(['decide', ...args, '--file', 'flags.json'], { cwd: folder })

it.each<[string, string, RegExp]>([
  ['rolled', 'ada', /^canary {2}true.*\nThe flag is on, and ada is targeted by name\.\n$/],
  ['rolled', '@ada.json', /^canary.*targeted by name/s],
  ['off', 'ada', /^control {2}false.*\nThe flag is off: everybody gets control\.\n$/],
  ['dependent', 'ada', /^control.*prerequisite "off" is off: everybody whom that concerns gets control/s],
  [
    'ruled',
    '{"key":"u","country":"NL"}',
    /rule 2 of 2 \(r-2\) matches: user country in "NL", "BE"\.\nu falls into bucket 0\.\d{4} of 1/,
  ],
  ['ruled', 'u', /none of its rules is for u: the fallthrough decides\.\nIt gives control to all/],
  [
    'rolled',
    '{"kind":"org","key":"acme"}',
    /There is no user in the context, which counts as bucket 0: within the 10 % of canary/,
  ],
])('%s for %s says why', async (flag, context, words) => {
  const { code, stdout, stderr } = await w(flag, '--context', context)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(words)
})

it('the bucket is named with the shares that it falls into', async () => {
  const found = { below: false, past: false }
  for (let index = 0; !(found.below && found.past) && index < 60; index += 1) {
    const { stdout } = await w('rolled', '--context', `u-${index}`, '--json')
    const { variation, bucket, explanation } = JSON.parse(stdout)
    expect(variation).toBe(bucket < 0.1 ? 'canary' : 'control')
    expect(explanation.at(-1)).toContain(
      bucket < 0.1 ? 'of 1, below the 10 % of canary.' : 'of 1, past the 10 % of canary, within the 90 % of control.',
    )
    found[bucket < 0.1 ? 'below' : 'past'] = true
  }
  expect(found).toEqual({ below: true, past: true })
})

it('a flag in error gives the code’s own default, and ends with 1', async () => {
  const { code, stdout } = await w('malformed', '--context', 'u', '--default', 'false')
  expect({ code, stdout }).toEqual({
    code: 1,
    stdout: expect.stringMatching(/^the code's default {2}false.*malformed/s),
  })
})
