import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolloutController } from '@waybill/rollout'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines, startTables, type Tables } from '../support/tables.ts'
import { type Outcome, waybill } from '../support/waybill.ts'

const WHY = ['--who', 'ada', '--comment', 'new order flow']
const STEPS = ['--steps', '1@10m,10@30m,50@1h,100']

for (const engine of engines()) {
  describe(`rollout on ${engine}`, () => {
    let tables: Tables
    let table: Awaited<ReturnType<Tables['newTable']>>
    let folder: string
    beforeAll(async () => {
      tables = await startTables(engine)
      folder = await mkdtemp(join(tmpdir(), 'waybill-cli-'))
    })
    afterAll(async () => {
      await tables.close()
      await rm(folder, { recursive: true })
    })
    beforeEach(async () => {
      table = await tables.newTable()
      const named = { variations: [false, true], variationNames: ['control', 'canary'], offVariation: 0 }
      await table.store.init({
        flags: {
          checkout: { key: 'checkout', version: 7, on: true, ...named, fallthrough: { variation: 0 } },
          off: { key: 'off', version: 3, on: false, ...named, fallthrough: { variation: 0 } },
        },
      })
    })
    const at = (line: readonly string[], more: Parameters<typeof waybill>[1] = {}): Promise<Outcome> =>
      waybill(line, { ...more, env: { ...tables.env, WAYBILL_TABLE: table.name } })
    const w = (...args: readonly string[]): Promise<Outcome> => at(['rollout', ...args])
    const json = async (...args: readonly string[]) => JSON.parse((await w(...args, '--json')).stdout)
    const weights = async () =>
      (await table.store.get('features', 'checkout'))?.fallthrough?.rollout?.variations.map(({ weight }) => weight)

    it('a dry run shows when each step begins at the earliest, and what would be written, and writes nothing', async () => {
      const { code, stdout } = await w('start', 'checkout', ...STEPS, '--approve-steps', '3', '--dry-run', ...WHY)
      expect(code).toBe(0)
      expect(stdout).toContain('Nothing was written')
      // Ten minutes and two of lag, then thirty and two.
      expect(stdout).toMatch(/^1 +1 % +10 min +at once$/m)
      expect(stdout).toMatch(/^2 +10 % +30 min +12 min$/m)
      expect(stdout).toMatch(/^3 +50 % +1 h +44 min, once it is approved$/m)
      expect(stdout).toMatch(/^ +complete +bakes 10 min +1 h 58 min$/m)
      expect(stdout).toContain('A step is left at the earliest 2 min after its time is over')
      expect(stdout).toContain(
        'Once all have it, there is nobody to hold them against, and nothing rolls it back: an absolute',
      )
      const args = ['checkout', '--preset', 'LambdaAllAtOnce', '--dry-run', ...WHY]
      expect((await w('start', ...args)).stdout).toContain('All have it from the first step on, there is nobody')
      expect((await w('start', ...args, '--max-error-percent', '5')).stdout).not.toContain('there is nobody')
      expect((await w('start', ...args, '--alarm', 'a')).stdout).not.toContain('there is nobody')
      expect((await w('status')).stdout).toBe(`No rollouts in table ${table.name}.\n`)
      expect(stdout).toContain('The flag would go from 0 % to 1 % for canary')
      expect(await table.store.list('rollouts')).toEqual([])
      expect(await table.store.get('features', 'checkout')).toMatchObject({ version: 7 })
    })

    it('begins, is looked at, is stopped, goes on, is rolled back with a recall, and comes back', async () => {
      const begun = await w('start', 'checkout', ...STEPS, '--max-unfinished-percent', '5', '--id', 'first', ...WHY)
      expect(begun).toMatchObject({ code: 0, stderr: '' })
      expect(begun.stdout).toContain(`rollout first has begun in table ${table.name}: 1 % have canary, at version 8`)
      expect(await weights()).toEqual([1_000, 99_000])

      expect((await w('status')).stdout).toMatch(/^checkout +first +ramping +1 % +1 of 4 +\d+ s ago +never$/m)
      const { stdout } = await w('status', 'checkout')
      expect(stdout).toMatch(/1 % have canary\nramp +\[1 %\] > 10 % > 50 % > 100 %\n/)
      expect(stdout).toContain('10 % in 12 min at the earliest')
      expect(stdout).toMatch(/^flag +version 8, on, 1 % canary$/m)
      expect(stdout).toMatch(/^errored-users .*evidence 1 against the limit 50$/m)
      expect(stdout).toMatch(/^unfinished +not read yet$/m)
      expect(stdout).toMatch(/^last change +start first, \d+ s ago, by ada: new order flow$/m)

      expect((await w('pause', 'checkout', ...WHY)).stdout).toMatch(/is paused at 1 %.*\n.*judge goes on/)
      expect(await w('pause', 'checkout', ...WHY)).toEqual({
        code: 1,
        stdout: '',
        stderr: 'error: It is paused: it cannot be paused\n',
      })
      expect((await w('status', 'checkout')).stdout).toContain('until somebody says waybill rollout resume checkout')
      expect((await w('resume', 'checkout', ...WHY)).stdout).toContain('Step 1 of 4 begins again')

      const back = await w('rollback', 'checkout', '--who', 'bob', '--comment', 'errors in payment')
      expect(back.stdout).toContain('is rolled back at 0 %')
      expect(back.stdout).toContain('version 9 of the flag')
      expect(back.stdout).toMatch(/in flight are recalled to control up to version 8, until 20/)
      expect(back.stdout).toContain('waybill rollout resume checkout')
      expect(await weights()).toEqual([0, 100_000])
      expect(await table.store.get('recalls', 'checkout')).toMatchObject({ upToVersion: 8, to: 'control', who: 'bob' })

      expect((await w('resume', 'checkout', ...WHY)).stdout).toContain('Attempt 2 begins with step 1 of 4')
      expect(await json('status', 'checkout')).toMatchObject({ phase: 'ramping', attempt: 2, step: 1, percent: 1 })
      const history = await w('history', 'checkout')
      expect(history.stdout.match(/^20\S+Z {2}(.*?) {2}/gm)?.map((line) => line.slice(26).trim())).toEqual([
        ...['start first', 'pause', 'resume', 'roll back', 'resume'],
      ])
      expect(history.stdout).toMatch(/roll back {2}first: rolled back at 0 %, step 1 {2}bob\n {2}errors in payment\n/)
      expect((await json('history', 'checkout')).map(({ who }: { who: string }) => who)).toEqual([
        ...['ada', 'ada', 'ada', 'bob', 'ada'],
      ])
      expect((await at(['flags', 'history', 'checkout'])).stdout).toContain(
        'roll back, first: rolled back at 0 %, step 1',
      )
    })

    it('waits for approvals, says for which and how to give them, and takes each once', async () => {
      const args = ['checkout', '--steps', '10@5m,100', '--approve-steps', '1,2', '--in-flight', 'keep', ...WHY]
      expect((await w('start', ...args)).stdout).toContain('nobody has canary before step 1 is approved')
      expect((await w('status', 'checkout')).stdout).toContain(
        'Step 1 (10 %) waits for an approval: waybill rollout approve checkout --comment',
      )
      expect(await weights()).toBeUndefined()
      expect((await w('approve', 'checkout', ...WHY)).stdout).toContain('Step 1 (10 %) is approved.')
      expect(await weights()).toEqual([10_000, 90_000])
      expect((await w('approve', 'checkout', '--step', '2', ...WHY)).stdout).toContain('Step 2 (100 %) is approved.')
      for (const step of [[], ['--step', '2'], ['--step', '1']]) {
        expect(await w('approve', 'checkout', ...step, ...WHY)).toMatchObject({ code: 1, stdout: '' })
      }
      const back = await w('rollback', 'checkout', ...WHY)
      expect(back.stdout).toContain('"waybill recall checkout --to control" replaces them')
      expect(await table.store.get('recalls', 'checkout')).toBeUndefined()
    })

    it('is judged by a controller, whose words are shown', async () => {
      await w('start', 'checkout', '--preset', 'LambdaCanary10Percent5Minutes', ...WHY)
      const users = [{ variation: 'canary', kind: 'error', version: 8, users: 4 }] as const
      const controller = rolloutController({
        store: table.store,
        affectedUsers: { totals: async () => users },
        nowMs: () => Date.now() + 4 * 60_000,
        log: () => {},
      })
      await controller.tick()
      const page = await w('status', 'checkout')
      expect(page.stdout).toContain('users')
      expect(page.stdout).toContain('4 of canary met an error')
      expect(page.stdout).toMatch(/^judge +roll-back.*4 users of canary and 0 of control met an error/m)
      const { judge, guardrails, phase } = await json('status', 'checkout')
      expect({ phase, verdict: judge.verdict }).toEqual({ phase: 'rolled-back', verdict: 'roll-back' })
      expect(guardrails[0].value).toBeGreaterThan(guardrails[0].limit)
      expect((await w('history', 'checkout')).stdout).toMatch(/rollout controller\n {2}roll-back: 4 users of canary/)
    })

    it('takes a whole plan, from a file or from standard input, and nothing beside it', async () => {
      const plan = { id: 'p', flag: 'checkout', canary: 'canary', control: 'control', preset: 'LambdaAllAtOnce' }
      const path = join(folder, 'plan.json')
      await writeFile(path, `\uFEFF${JSON.stringify(plan)}`)
      expect(await w('start', '--plan', path, '--alpha', '0.1', ...WHY)).toMatchObject({
        code: 2,
        stderr: 'error: --plan is the whole plan: --alpha goes into it\n',
      })
      expect(await w('start', 'other', '--plan', path, ...WHY)).toMatchObject({ code: 2, stdout: '' })
      expect((await w('start', '--plan', path, '--dry-run', ...WHY)).stdout).toContain('from 0 % to 100 %')
      const input = JSON.stringify(plan)
      const started = await at(['rollout', 'start', 'checkout', '--plan', '-', ...WHY, '--json'], { input })
      expect(JSON.parse(started.stdout)).toMatchObject({
        status: 'started',
        rollout: 'p',
        phase: 'baking',
        percent: 100,
      })
    })

    it('an edit of its flag works, and says what it does to the rollout', async () => {
      await w('start', 'checkout', ...STEPS, '--id', 'first', ...WHY)
      const edit = async (line: string) => (await at(['flags', ...line.split(' '), '--comment', 'x'])).stdout
      expect(await edit('target checkout canary bob')).toContain('Rollout first of checkout is under way')
      expect(await edit('rollout checkout canary 7')).toContain('it pauses at its next tick')
      expect((await w('status')).stdout).toContain('! The flag has 7 % for canary by somebody else')
      expect(await edit('kill checkout')).toContain('it pauses at its next tick')
      expect((await w('status', 'checkout')).stdout).toContain('! The flag is off by somebody else')
      const back = await w('rollback', 'checkout', ...WHY)
      expect(back.stdout).toContain('The flag is off, at version')
      expect(await edit('set checkout on')).not.toContain('Rollout first')
    })
  })

  describe(`two terminals at one rollout, on ${engine}`, () => {
    let tables: Tables
    beforeAll(async () => {
      tables = await startTables(engine)
    })
    afterAll(() => tables.close())

    it('of several who start, approve or roll back at once each does it once or is told, and none is lost', async () => {
      const { name, store } = await tables.newTable()
      const as = (who: string, line: string): Promise<Outcome> =>
        waybill(line.split(' '), { env: { ...tables.env, WAYBILL_TABLE: name, WAYBILL_WHO: who } })
      await as('ada', 'flags create checkout --on --comment new')
      const people = ['ada', 'bob', 'cy']
      const start = 'rollout start checkout --steps 10@5m,100 --approve-steps 1 --comment go'
      const starts = await Promise.all(people.map((who) => as(who, start)))
      expect(starts.filter(({ code }) => code === 0)).toHaveLength(1)
      const approvals = await Promise.all(people.map((who) => as(who, 'rollout approve checkout --comment yes')))
      expect(approvals.filter(({ code }) => code === 0)).toHaveLength(1)
      const late = await Promise.all([
        as('ada', 'rollout rollback checkout --comment bad'),
        as('bob', 'rollout pause checkout --comment wait'),
      ])
      for (const { code, stdout, stderr } of [...starts, ...approvals, ...late]) {
        if (code !== 0)
          expect({ code, stdout, stderr }).toMatchObject({
            code: 1,
            stdout: '',
            stderr: expect.stringMatching(/^error: [^\n]+\n$/),
          })
      }
      const actions = (await store.list('audit')).filter(({ kind }) => kind === 'rollouts').map(({ action }) => action)
      expect(actions.slice(0, 2)).toEqual([expect.stringMatching(/^start checkout-20/), 'approve step 1'])
      expect(late[0]).toMatchObject({ code: 0 })
      expect(actions).toContain('roll back')
      const flag = await store.get('features', 'checkout')
      expect(flag?.fallthrough?.rollout?.variations.map(({ weight }) => weight)).toEqual([0, 100_000])
    })
  })
}
