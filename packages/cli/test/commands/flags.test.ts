import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, startTables, type Tables } from '../support/tables.ts'
import { type Outcome, waybill } from '../support/waybill.ts'

for (const engine of engines()) {
  describe(`the commands for flags, on ${engine}`, () => {
    let tables: Tables
    beforeAll(async () => {
      tables = await startTables(engine)
    })
    afterAll(() => tables.close())

    const at =
      (table: string) =>
      async (line: string, ...more: string[]): Promise<Outcome> =>
        waybill([...line.split(' '), ...more], { env: { ...tables.env, WAYBILL_TABLE: table, WAYBILL_WHO: 'ada' } })

    it('a flag goes from nothing to a canary for some, and back at once', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      expect(await w('flags list')).toEqual({
        code: 0,
        stdout: `Nothing was ever written to table ${name}.\n`,
        stderr: '',
      })

      const created = await w('flags create checkout --comment', 'a new flow')
      expect(created).toMatchObject({ code: 0, stderr: '' })
      expect(created.stdout).toContain('from nothing to version 1')
      expect((await store.readAll())?.meta).toBeDefined()

      expect((await w('flags set checkout on --comment go')).stdout).toMatch(/- on: false\n\+ on: true/)
      await w('flags target checkout canary tester-1 tester-2 --comment testers')
      await w('flags rollout checkout canary 12.5 --comment start')
      expect((await w('flags list')).stdout).toMatch(/checkout +on +v4 +canary 12.5 %, control 87.5 %/)
      expect((await w('flags get checkout')).stdout).toMatch(/target +canary: tester-1, tester-2/)

      const killed = await w('flags kill checkout --comment', 'error rate')
      expect(killed.stdout).toContain('from version 4 to version 5')
      expect(await store.get('features', 'checkout')).toMatchObject({ on: false, version: 5 })
      expect((await w('flags list')).stdout).toMatch(/checkout +off +v5 +control/)

      const again = await w('flags kill checkout --comment again')
      expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was changed') })

      const records = await store.list('audit', { keyPrefix: 'checkout/' })
      expect(records.map(({ who, action, comment }) => `${who}: ${action}, ${comment}`)).toEqual([
        'ada: create, a new flow',
        'ada: set on, go',
        'ada: target, testers',
        'ada: rollout, start',
        'ada: kill, error rate',
      ])
      expect(records.at(-1)).toMatchObject({ before: { version: 4, on: true }, after: { version: 5, on: false } })
      expect((await w('flags history checkout')).stdout).toMatch(/ada +kill, version 4 to 5\n {2}error rate\n$/)
    })

    it('who turns a flag off is told which flags that takes along', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      const flag = (key: string, more: object = {}) => ({
        key,
        version: 1,
        on: true,
        variations: [false, true],
        ...more,
      })
      const prerequisites = [{ key: 'checkout', variation: 1 }]
      const flags = {
        checkout: flag('checkout'),
        gift: flag('gift', { prerequisites }),
        card: flag('card', { prerequisites, on: false }),
        other: flag('other', { prerequisites: [{ key: 'gift', variation: 1 }] }),
      }
      await store.init({ flags })
      const note =
        'Flags that have it as a prerequisite serve their off variation while it is off: card (off itself), gift.'
      expect((await w('flags kill checkout --dry-run --comment x')).stdout).toContain(note)
      expect((await w('flags kill checkout --comment x')).stdout).toContain(note)
      const again = JSON.parse((await w('flags set checkout off --json --comment x')).stdout)
      expect(again).toMatchObject({ status: 'unchanged', dependants: ['card', 'gift'] })
      const none = await w('flags kill other --comment x')
      expect(none.stdout).not.toContain('prerequisite')
      expect(JSON.parse((await w('flags kill other --json --comment x')).stdout)).toMatchObject({ dependants: [] })
    })

    it('set also says what everybody gets, and what is served when off', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      await w('flags create checkout --on --variation red blue green --comment x')
      await w('flags set checkout fallthrough blue --comment x')
      await w('flags set checkout off-variation green --comment x')
      expect(await store.get('features', 'checkout')).toMatchObject({ fallthrough: { variation: 1 }, offVariation: 2 })
      await w('flags target checkout green acme --kind org --comment x')
      await w('flags target checkout green acme --kind org --remove --comment x')
      expect(await store.get('features', 'checkout')).toMatchObject({
        contextTargets: [{ contextKind: 'org', values: [] }],
      })
    })

    it('a dry run shows the change and makes none', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      await w('flags create checkout --comment x')
      const planned = await w('flags set checkout on --dry-run --comment x')
      expect(planned).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('would go from version 1 to version 2'),
      })
      expect(await store.get('features', 'checkout')).toMatchObject({ version: 1, on: false })
      expect(await store.list('audit')).toHaveLength(1)
    })

    it('every command prints valid JSON with --json', async () => {
      const { name } = await tables.newTable()
      const w = at(name)
      const json = async (line: string): Promise<unknown> => {
        const { code, stdout, stderr } = await w(line, '--json')
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        return JSON.parse(stdout)
      }
      expect(await json('flags list')).toEqual([])
      expect(await json('flags create checkout --comment x')).toMatchObject({
        status: 'changed',
        version: 1,
        before: null,
      })
      expect(await json('flags set checkout on --comment x')).toMatchObject({
        before: { on: false },
        after: { on: true },
      })
      expect(await json('flags target checkout canary u-1 --comment x')).toMatchObject({ version: 3 })
      expect(await json('flags rollout checkout canary 10 --comment x')).toMatchObject({ version: 4 })
      expect(await json('flags kill checkout --comment x')).toMatchObject({ version: 5 })
      expect(await json('flags kill checkout --comment x')).toMatchObject({ status: 'unchanged', version: 5 })
      expect(await json('flags list')).toMatchObject([{ key: 'checkout', version: 5 }])
      expect(await json('flags get checkout')).toMatchObject({ key: 'checkout', version: 5 })
      expect(await json('flags history')).toHaveLength(5)
      expect(await json('flags export')).toMatchObject({ flags: { checkout: { version: 5 } }, segments: {} })
      expect(await json('flags owner checkout launchdarkly --comment x')).toMatchObject({ before: 'waybill' })
      expect(await json('decide checkout --context u-1')).toMatchObject({
        variation: 'control',
        reason: { kind: 'OFF' },
      })
    })

    it('prefixes keep environments apart', async () => {
      const { name } = await tables.newTable()
      const w = at(name)
      await w('flags create checkout --prefix production --comment x')
      expect(JSON.parse((await w('flags list --prefix production --json')).stdout)).toHaveLength(1)
      expect(JSON.parse((await w('flags list --prefix staging --json')).stdout)).toHaveLength(0)
    })

    it('a flag that LaunchDarkly writes is refused until its owner is changed', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      await store.as('launchdarkly').init({ flags: { checkout: { key: 'checkout', version: 9, on: true } } })
      const refused = await w('flags kill checkout --comment x')
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/written by launchdarkly/) })
      expect(await store.list('audit')).toEqual([])
      expect(await w('flags owner checkout waybill --comment', 'we take over')).toMatchObject({ code: 0 })
      expect(await w('flags kill checkout --comment x')).toMatchObject({ code: 0 })
      expect(await store.get('features', 'checkout')).toMatchObject({ on: false, version: 10 })
    })
  })
}
