import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, startTables, type Tables } from '../support/tables.ts'
import { type Outcome, waybill } from '../support/waybill.ts'

const flagOf = (n: number, on: boolean) => ({ key: `f${n}`, version: 1, on })

const DATA = {
  flags: {
    plain: {
      key: 'plain',
      version: 7,
      on: true,
      variations: [false, true],
      fallthrough: { variation: 1 },
      clientSide: true,
    },
    other: { key: 'other', version: 3, on: false, variations: ['a', 'b'], offVariation: 0 },
  },
  segments: { beta: { key: 'beta', version: 2, included: ['ada'] } },
}

for (const engine of engines()) {
  describe(`import, export and diff, on ${engine}`, () => {
    let tables: Tables
    let folder: string
    beforeAll(async () => {
      tables = await startTables(engine)
      folder = await mkdtemp(join(tmpdir(), 'waybill-cli-'))
      await writeFile(join(folder, 'flags.json'), JSON.stringify(DATA))
    })
    afterAll(async () => {
      await tables.close()
      await rm(folder, { recursive: true })
    })

    const at =
      (table: string) =>
      async (line: string, input = ''): Promise<Outcome> =>
        waybill(line.split(' '), { env: { ...tables.env, WAYBILL_TABLE: table }, input, cwd: folder })

    it('what is imported is there to the letter, recorded, and exported as it was', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      expect(await w('flags diff flags.json')).toMatchObject({
        stdout: expect.stringContaining('flag plain: only in the file'),
      })
      const imported = await w('flags import flags.json --comment first')
      expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('3 created, 0 changed, 0 unchanged') })
      const { flags, segments, meta } = (await store.readAll()) ?? {}
      expect({ flags, segments }).toEqual(DATA)
      expect(meta).toBeDefined()
      expect(await store.list('audit')).toHaveLength(3)
      expect(JSON.parse((await w('flags export')).stdout)).toEqual(DATA)
      expect(await w('flags diff flags.json --exit-code')).toEqual({ code: 0, stdout: 'No differences.\n', stderr: '' })
      expect((await w('flags import flags.json --comment again')).stdout).toContain('0 created, 0 changed, 3 unchanged')
      expect(await store.list('audit')).toHaveLength(3)
    })

    it('only what differs is written, with a version beyond the store’s, and the rest stays', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      await w('flags import flags.json --comment first')
      await w('flags create mine --comment mine')
      await w('flags set other on --comment on')
      const differing = await w('flags diff flags.json --exit-code')
      expect(differing.code).toBe(1)
      expect(differing.stdout).toMatch(/flag other\n {2}- on: true\n {2}\+ on: false/)
      expect(differing.stdout).toContain('flag mine: only in the store')
      const planned = await w('flags import - --dry-run --comment x', JSON.stringify(DATA))
      expect(planned.stdout).toContain('0 created, 1 changed, 2 unchanged')
      expect(await store.get('features', 'other')).toMatchObject({ on: true, version: 4 })
      await w('flags import flags.json --comment back')
      expect(await store.get('features', 'other')).toMatchObject({ on: false, version: 5 })
      expect(await store.get('features', 'mine')).toMatchObject({ version: 1 })
    })

    it('many are written each with its record, and those that somebody else has are refused', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      const many = (on: boolean) => Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`f${n}`, flagOf(n, on)]))
      await store.init({ flags: many(false) })
      await store.put('owners', { key: 'f7', version: 2, owner: 'launchdarkly' }, { ifVersion: 1 })
      const imported = await w('flags import - --comment all-on', JSON.stringify({ flags: many(true) }))
      expect(imported).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('0 created, 299 changed, 0 unchanged, 1 refused'),
      })
      const { flags = {}, meta } = (await store.readAll()) ?? {}
      expect(Object.values(flags).filter(({ on }) => on)).toHaveLength(299)
      expect(meta).toBeDefined()
      const records = await store.list('audit')
      expect(records).toHaveLength(299)
      expect(records.find(({ subject }) => subject === 'f8')).toMatchObject({
        comment: 'all-on',
        before: { version: 1, on: false },
        after: { version: 2, on: true },
      })
    })

    it('an import that was killed goes on where it stopped, and one of nothing puts the store right', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      await w('flags import flags.json --comment first')
      const inited = { S: '$inited' }
      await tables.client.send(
        new UpdateItemCommand({
          TableName: name,
          Key: { namespace: inited, key: inited },
          UpdateExpression: 'SET openedBy = :id, openUntil = :until',
          ExpressionAttributeValues: { ':id': { S: 'killed' }, ':until': { N: '1' } },
        }),
      )
      expect(await w('flags export')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('import was broken off'),
      })
      expect((await w('flags import flags.json --comment again')).stdout).toContain('0 created, 0 changed, 3 unchanged')
      expect((await store.readAll())?.meta).toBeDefined()
      expect(await w('flags export')).toMatchObject({ code: 0 })
    })

    it('a flag of another owner is refused and keeps the others back from nothing', async () => {
      const { name, store } = await tables.newTable()
      const w = at(name)
      await store.as('launchdarkly').init({ flags: { plain: { ...DATA.flags.plain, on: false } } })
      const planned = await w('flags import flags.json --dry-run --comment x')
      expect(planned).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('2 created, 0 changed, 0 unchanged, 1 refused'),
      })
      const outcome = await w('flags import flags.json --comment x')
      expect(outcome).toMatchObject({ code: 1, stdout: expect.stringMatching(/refused +flag plain: .*launchdarkly/) })
      expect(Object.keys((await store.readAll())?.flags ?? {}).sort()).toEqual(['other', 'plain'])
      expect(await store.get('features', 'plain')).toMatchObject({ on: false, version: 7 })
    })

    it('an export does not replace a file unless it is told to', async () => {
      const { name } = await tables.newTable()
      const w = at(name)
      expect(await w('flags export')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('Nothing was ever written'),
      })
      await w('flags import flags.json --comment first')
      expect(await w('flags export --output out.json')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('2 flags and 1 segments'),
      })
      expect(JSON.parse(await readFile(join(folder, 'out.json'), 'utf8'))).toEqual(DATA)
      expect(await w('flags export --output out.json')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--force'),
      })
      expect(await w('flags export --output out.json --force')).toMatchObject({ code: 0 })
      await rm(join(folder, 'out.json'))
    })
  })
}
