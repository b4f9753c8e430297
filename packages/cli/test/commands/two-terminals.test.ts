import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, startTables, type Tables } from '../support/tables.ts'
import { type Outcome, waybill } from '../support/waybill.ts'

for (const engine of engines()) {
  describe(`two terminals at once, on ${engine}`, () => {
    let tables: Tables
    beforeAll(async () => {
      tables = await startTables(engine)
    })
    afterAll(() => tables.close())

    const as =
      (who: string, table: string) =>
      async (line: string): Promise<Outcome> =>
        waybill(line.split(' '), { env: { ...tables.env, WAYBILL_TABLE: table, WAYBILL_WHO: who } })

    it('who edits what another has changed since is refused, told by whom, and loses nothing', async () => {
      const { name, store } = await tables.newTable()
      const [ada, bob] = [as('ada', name), as('bob', name)]
      await ada('flags create checkout --comment new')
      expect((await bob('flags rollout checkout canary 10 --if-version 1 --comment bobs')).code).toBe(0)
      const refused = await ada('flags set checkout on --if-version 1 --comment adas')
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toMatch(/^error: "checkout" was changed since: it has version 2, not 1.*\n$/)
      expect((await ada('flags set checkout on --if-version 2 --comment adas')).code).toBe(0)
      expect(await store.get('features', 'checkout')).toMatchObject({
        on: true,
        version: 3,
        fallthrough: { rollout: { variations: [{ weight: 10_000 }, { weight: 90_000 }] } },
      })
      expect((await store.list('audit')).map(({ who, comment }) => `${who}: ${comment}`)).toEqual([
        'ada: new',
        'bob: bobs',
        'ada: adas',
      ])
    })

    it('of many at the same moment each is either made, recorded and kept, or refused and leaves no trace', async () => {
      const { name, store } = await tables.newTable()
      await as('ada', name)('flags create checkout --comment new')
      const users = Array.from({ length: 6 }, (_, index) => `user-${index}`)
      const outcomes = await Promise.all(
        users.map((user) => as(user, name)(`flags target checkout canary ${user} --comment for-${user}`)),
      )
      const made = users.filter((_, index) => outcomes[index]?.code === 0)
      expect(made.length).toBeGreaterThan(0)
      for (const { code, stderr } of outcomes) {
        if (code !== 0)
          expect({ code, stderr }).toEqual({
            code: 1,
            stderr: expect.stringMatching(/^error: "checkout" was changed by somebody else.*Nothing was changed.*\n$/),
          })
      }
      const flag = await store.get('features', 'checkout')
      expect(flag?.version).toBe(1 + made.length)
      expect([...(flag?.targets?.[0]?.values ?? [])].sort()).toEqual(made)
      const records = await store.list('audit', { keyPrefix: 'checkout/' })
      expect(records.map(({ who }) => who).sort()).toEqual(['ada', ...made])
      expect(records.map(({ after }) => after?.version).sort()).toEqual(
        Array.from({ length: 1 + made.length }, (_, index) => index + 1),
      )
    })

    it('the first flags of an empty table, made at once, are all there', async () => {
      const { name, store } = await tables.newTable()
      const keys = ['a', 'b', 'c', 'd']
      const outcomes = await Promise.all(keys.map((key) => as(key, name)(`flags create ${key} --comment first`)))
      expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(keys.map(() => ({ code: 0, stderr: '' })))
      expect(Object.keys((await store.readAll())?.flags ?? {}).sort()).toEqual(keys)
    })
  })
}
