import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { FlagStore } from '@waybill/flags'
import { rolloutOperator } from '@waybill/rollout'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines, startTables, type Tables } from '../support/tables.ts'
import { BIN, waybill } from '../support/waybill.ts'

const ADA = { who: 'ada', comment: 'new order flow' }
const PLAN = {
  id: 'first',
  flag: 'checkout',
  canary: 'canary',
  control: 'control',
  preset: 'LambdaCanary10Percent5Minutes',
}

describe('rollout watch', () => {
  let tables: Tables
  let env: Readonly<Record<string, string>>
  let rollouts: ReturnType<typeof rolloutOperator>
  let store: FlagStore
  beforeAll(async () => {
    tables = await startTables(engines()[0] ?? 'dynalite')
  })
  afterAll(() => tables.close())
  beforeEach(async () => {
    const table = await tables.newTable()
    store = table.store
    env = { ...tables.env, WAYBILL_TABLE: table.name }
    const named = { variations: [false, true], variationNames: ['control', 'canary'] }
    await store.init({
      flags: { checkout: { key: 'checkout', version: 7, on: true, ...named, fallthrough: { variation: 0 } } },
    })
    rollouts = rolloutOperator({ store })
    await rollouts.start(PLAN, ADA)
  })

  /** Watches until the first line is there, lets something happen, and waits for the end. */
  async function watching(args: readonly string[], act: (child: ReturnType<typeof spawn>) => unknown) {
    const child = spawn(process.execPath, [BIN, 'rollout', 'watch', 'checkout', '--every', '0.1', ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: string[] = []
    const ended = once(child, 'close')
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (lines.length === 1) await act(child)
    }
    const [code] = await ended
    return { code, lines }
  }

  it('ends with 1 when somebody rolls it back, and says who and why', async () => {
    const { code, lines } = await watching([], () => rollouts.rollBack('checkout', { who: 'bob', comment: 'errors' }))
    expect(code).toBe(1)
    expect(lines[0]).toMatch(
      /^20\S+Z {2}checkout {2}ramping {2}10 % {2}step 1 of 2 {2}start first, by ada: new order flow$/,
    )
    expect(lines.at(-1)).toMatch(/rolled back {2}0 % .*roll back, by bob: errors/)
    // Once it is over it is said so again, at once.
    const again = await waybill(['rollout', 'watch', 'checkout', '--json'], { env })
    expect(again.code).toBe(1)
    expect(JSON.parse(again.stdout)).toMatchObject({ phase: 'rolled-back', lastChange: { who: 'bob' } })
  })

  it('ends with 0 when it is complete', async () => {
    const { code, lines } = await watching([], async () => {
      const rollout = await rollouts.get('checkout')
      if (rollout === undefined) throw new Error('it began')
      const { version, state } = rollout
      const complete = { ...rollout, version: version + 1, state: { ...state, phase: 'complete' as const } }
      await store.put('rollouts', complete, { ifVersion: version })
    })
    expect(code).toBe(0)
    expect(lines.at(-1)).toContain('checkout  complete')
  })

  it('says with --json each change as an object on a line', async () => {
    const { lines } = await watching(['--json'], async () => {
      await rollouts.pause('checkout', ADA)
      await rollouts.rollBack('checkout', ADA)
    })
    const phases = lines.map((line) => JSON.parse(line).phase)
    expect(phases[0]).toBe('ramping')
    expect(phases.at(-1)).toBe('rolled-back')
  })

  it('is left by Ctrl-C with 130, and the rollout goes on', async () => {
    const { code } = await watching([], (child) => child.kill('SIGINT'))
    expect(code).toBe(130)
    expect(await rollouts.get('checkout')).toMatchObject({ state: { phase: 'ramping' } })
  })

  it.each<[readonly string[], number, string]>([
    [['nothing'], 2, 'There is no rollout of "nothing"'],
    [['no key'], 2, 'is no flag key'],
    [['checkout', '--every', '0'], 2, 'must be seconds'],
    [['checkout', '--every', '0.01'], 2, 'a tenth of a second'],
    [['checkout', '--file', 'flags.json'], 2, 'not in a file'],
    [['checkout', '--table', 'nowhere'], 2, 'There is no table nowhere'],
    [[], 2, 'missing required argument'],
  ])('%j is refused in one line, with %i', async (args, code, said) => {
    const outcome = await waybill(['rollout', 'watch', ...args], { env })
    expect(outcome).toEqual({ code, stdout: '', stderr: expect.stringMatching(/^error: [^\n]+\n$/) })
    expect(outcome.stderr).toContain(said)
  })
})
