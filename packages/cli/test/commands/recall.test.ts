import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { recallStore } from '@waybill/flags'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CREDENTIALS, engines, startTables, type Tables } from '../support/tables.ts'
import { type Outcome, waybill } from '../support/waybill.ts'

const WHO = ['--who', 'ada', '--comment', 'errors in payment']
const DAY_MS = 86_400_000

for (const engine of engines()) {
  describe(`recall on ${engine}`, () => {
    let tables: Tables
    let table: Awaited<ReturnType<Tables['newTable']>>
    beforeAll(async () => {
      tables = await startTables(engine)
    })
    afterAll(() => tables.close())
    beforeEach(async () => {
      table = await tables.newTable()
      const named = { variations: [false, true], variationNames: ['control', 'canary'] }
      await table.store.init({
        flags: {
          checkout: { key: 'checkout', version: 7, on: false, ...named },
          live: { key: 'live', version: 3, on: true, ...named },
          theirs: { key: 'theirs', version: 5, on: false, variations: [{ a: 1 }, { a: 2 }] },
        },
      })
    })
    const w = (...args: readonly string[]): Promise<Outcome> =>
      waybill(['recall', ...args], { env: { ...tables.env, WAYBILL_TABLE: table.name } })
    const inForce = async () =>
      (await recallStore(table.store).list()).map(
        ({ key, upToVersion, to, value, expiresAtMs, atMs, who, comment }) => ({
          ...{ key, upToVersion, to, value, who, comment },
          days: (expiresAtMs - atMs) / DAY_MS,
        }),
      )
    const ordered = { key: 'checkout', upToVersion: 7, to: 'control', value: false, who: 'ada' }

    it('orders it up to the flag’s version for 14 days, and says who follows', async () => {
      const { code, stdout } = await w('checkout', '--to', 'control', ...WHO)
      expect(code).toBe(0)
      expect(stdout).toMatch(/^checkout: decisions in flight are recalled to control up to version 7, until 20/)
      expect(stdout).toContain("Only functions follow it whose declaration of checkout says inFlight: 'recall'")
      expect(stdout).not.toContain('still on')
      expect(await inForce()).toEqual([{ ...ordered, comment: 'errors in payment', days: 14 }])
    })

    it('warns of a flag that is still on at the version that is recalled', async () => {
      const { stdout } = await w('live', '--to', 'v0', ...WHO)
      expect(stdout).toContain('live is still on at version 3')
      expect((await w('live', '--to', 'v0', '--up-to-version', '2', '--lift', ...WHO)).code).toBe(2)
    })

    it('goes by the value where the store knows no names', async () => {
      const { stdout } = await w('theirs', '--to', 'v1', ...WHO)
      expect(stdout).toContain('find this one by its value, {"a":2}')
      expect(await inForce()).toMatchObject([{ key: 'theirs', to: 'v1', value: { a: 2 } }])
    })

    it('takes another version and another time, never a lower version than is recalled', async () => {
      expect((await w('checkout', '--to', 'control', '--up-to-version', '5', '--for', '12h', ...WHO)).code).toBe(0)
      expect(await inForce()).toMatchObject([{ upToVersion: 5, days: 0.5 }])
      const lower = await w('checkout', '--to', 'control', '--up-to-version', '4', ...WHO)
      expect(lower).toMatchObject({ code: 2, stderr: expect.stringContaining('up to version 5: lift that before') })
      const { stdout } = await w('checkout', '--to', 'canary', ...WHO)
      expect(stdout).toContain('Until now it was recalled to control up to version 5')
      expect(await inForce()).toMatchObject([{ upToVersion: 7, to: 'canary' }])
    })

    it('lists, lifts, and leaves its history with the flag’s', async () => {
      expect((await w('--list')).stdout).toBe('No recalls are in force.\n')
      await w('checkout', '--to', 'control', ...WHO)
      expect((await w('--list')).stdout).toMatch(/^FLAG .*\ncheckout +v7 +control +20\S+Z +ada +errors in payment\n$/)
      expect(JSON.parse((await w('--list', '--json')).stdout)).toMatchObject([{ key: 'checkout', upToVersion: 7 }])
      const lifted = await w('checkout', '--lift', '--comment', 'mended', '--json')
      expect(JSON.parse(lifted.stdout)).toMatchObject({ flag: 'checkout', status: 'lifted', before: { to: 'control' } })
      expect(await inForce()).toEqual([])
      expect((await w('checkout', '--lift', '--comment', 'again')).stdout).toContain('nothing was changed')
      const history = await waybill(['flags', 'history', 'checkout'], {
        env: { ...tables.env, WAYBILL_TABLE: table.name },
      })
      expect(history.stdout).toMatch(
        /recall, to control up to version 7\n {2}errors in payment\n.*lift recall, to control/,
      )
    })

    it('a trial changes nothing', async () => {
      expect((await w('checkout', '--to', 'control', '--dry-run', ...WHO)).stdout).toContain('would be recalled')
      expect(await inForce()).toEqual([])
      await w('checkout', '--to', 'control', ...WHO)
      expect((await w('checkout', '--lift', '--dry-run', ...WHO)).stdout).toContain('would be lifted')
      expect(await inForce()).toHaveLength(1)
    })

    it.each<[string, readonly string[], string]>([
      ['a flag that is not there', ['nowhere', '--to', 'control', ...WHO], 'There is no flag "nowhere"'],
      ['a variation that it has not', ['checkout', '--to', 'gone', ...WHO], 'it has control, canary'],
      ['a version that is to come', ['checkout', '--to', 'control', '--up-to-version', '8', ...WHO], 'has version 7'],
      ['version 0', ['checkout', '--to', 'control', '--up-to-version', '0', ...WHO], 'upToVersion is a version'],
      ['no variation', ['checkout', ...WHO], '--to VARIATION'],
      ['no comment', ['checkout', '--to', 'control'], '--comment TEXT'],
      ['an empty comment', ['checkout', '--to', 'control', '--comment', ' '], 'say why'],
      ['no time', ['checkout', '--to', 'control', '--for', 'ever', ...WHO], 'must be a duration'],
      ['longer than anything is kept', ['checkout', '--to', 'control', '--for', '367d', ...WHO], '366 days'],
      ['nothing', [], 'Say which flag'],
      ['a list of one', ['checkout', '--list'], '--list shows all'],
      ['a lift to somewhere', ['checkout', '--lift', '--to', 'control', ...WHO], '--lift takes the recall back'],
    ])('refuses %s in one line, and ends with 2', async (_, args, said) => {
      const { code, stdout, stderr } = await w(...args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^error: [^\n]+\n$/)
      expect(stderr).toContain(said)
      expect(await inForce()).toEqual([])
    })
  })
}

it('a file has no recalls: nobody would read them', async () => {
  const env = { WAYBILL_FILE: 'flags.json' }
  for (const setting of [{ args: ['--file', 'flags.json'] }, { args: [], env }]) {
    const args = ['recall', 'f', '--to', 'control', '--comment', 'x', ...setting.args]
    const outcome = await waybill(args, { env: setting.env ?? {} })
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('a file has none') })
  }
})

it('a server that is named on the line goes before a file that the environment names', async () => {
  const args = ['recall', '--list', '--redis', 'redis://127.0.0.1:1']
  expect(await waybill(args, { env: { WAYBILL_FILE: 'flags.json' } })).toMatchObject({ code: 1 })
})

it.each(['recall f --to control --comment x', 'recall f --lift --comment x', 'recall --list'])(
  '"%s" says in one line that nobody listens, and ends with 1',
  async (line) => {
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as AddressInfo
    free.close()
    const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`, WAYBILL_TABLE: 't' }
    const stderr = expect.stringMatching(/^error: [^\n]*cannot be reached[^\n]*\n$/)
    expect(await waybill(line.split(' '), { env })).toEqual({ code: 1, stdout: '', stderr })
  },
)
