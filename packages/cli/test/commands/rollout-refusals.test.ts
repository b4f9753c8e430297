import type { FlagStore } from '@waybill/flags'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, startTables, type Tables } from '../support/tables.ts'
import { waybill } from '../support/waybill.ts'

const WHY = ['--who', 'ada', '--comment', 'new order flow']
const STEPS = ['--steps', '1@10m,10@30m,50@1h,100']

describe('what is wrong', () => {
  let tables: Tables
  let store: FlagStore
  let env: Readonly<Record<string, string>>
  beforeAll(async () => {
    tables = await startTables(engines()[0] ?? 'dynalite')
    const { name, ...table } = await tables.newTable()
    store = table.store
    env = { ...tables.env, WAYBILL_TABLE: name }
    const named = { variations: [false, true], variationNames: ['control', 'canary'], offVariation: 0 }
    await store.init({
      flags: {
        checkout: { key: 'checkout', version: 7, on: true, ...named, fallthrough: { variation: 0 } },
        off: { key: 'off', version: 3, on: false, ...named, fallthrough: { variation: 0 } },
      },
    })
  })
  afterAll(() => tables.close())

  it('with one rollout hides no other', async () => {
    await store.put('rollouts', { key: 'torn', version: 1, plan: { id: 'x\u001b[2J' } }, { ifVersion: 'absent' })
    const all = await waybill(['rollout', 'status'], { env })
    expect(all).toMatchObject({ code: 1, stderr: '' })
    expect(all.stdout).toMatch(/^! What is stored as the rollout of "torn" is none that can be read: [^\n]+\n$/)
    for (const verb of ['status', 'watch']) {
      const one = await waybill(['rollout', verb, 'torn'], { env })
      expect(one).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^error: What is stored [^\n]+\n$/),
      })
    }
  })

  it.each<[string, string]>([
    ['{"id": "p"', 'is not JSON'],
    ['[]', 'is no plan'],
    ['{}', '"id" must be'],
    ['{"id":"p","flag":"checkout","canary":"a","control":"a","preset":"LambdaAllAtOnce"}', '"control" must be'],
    ['{"id":"p","flag":"checkout","canary":"a","control":"b"}', '"steps" must be given'],
    ['{"id":"p","flag":"checkout","canary":"a","control":"b","steps":[{"percent":5}]}', 'steps[0].holdMinutes'],
    ['{"id":"p","flag":"checkout","canary":"a","control":"b","steps":[],"speed":9}', '"speed" must be absent'],
    ['{"id":"p","flag":"checkout","canary":"a","control":"b","preset":"LambdaAllAtOnce"}', 'it has control, canary'],
  ])('refuses the plan %s, and ends with 2', async (input, said) => {
    const { code, stdout, stderr } = await waybill(['rollout', 'start', '--plan', '-', ...WHY, '--json'], {
      env,
      input,
    })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    const { error } = JSON.parse(stderr)
    expect(error).toEqual({ code: 'bad_input', message: expect.stringContaining(said) })
  })

  it.each<[readonly string[], number, string, string]>([
    [['start', 'off', ...STEPS, ...WHY], 1, 'refused', 'is off'],
    [['start', 'nowhere', ...STEPS, ...WHY], 2, 'not_found', 'There is no flag "nowhere"'],
    [['start', 'checkout', ...STEPS, '--canary', 'blue', ...WHY], 2, 'bad_input', 'it has control, canary'],
    [['status', 'checkout'], 2, 'not_found', 'There is no rollout of "checkout"'],
    [['history', 'checkout'], 2, 'not_found', 'never had a rollout'],
    ...['approve', 'pause', 'resume', 'rollback'].map((verb): [readonly string[], number, string, string] => [
      [verb, 'checkout', ...WHY],
      2,
      'not_found',
      'There is no rollout of "checkout"',
    ]),
  ])('%j ends with %i, %s', async (args, code, errorCode, said) => {
    const outcome = await waybill(['rollout', ...args, '--json'], { env })
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(JSON.parse(outcome.stderr)).toEqual({
      error: { code: errorCode, message: expect.stringContaining(said) },
    })
  })
})

it.each(['start f --preset LambdaAllAtOnce --comment x', 'status', 'history f', 'pause f --comment x'])(
  'a file has no controller: "%s" is refused',
  async (line) => {
    for (const [more, env] of [
      [['--file', 'flags.json'], {}],
      [[], { WAYBILL_FILE: 'flags.json' }],
    ] as const) {
      const outcome = await waybill(['rollout', ...line.split(' '), ...more], { env })
      expect(outcome).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('not in a file') })
    }
  },
)
