import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import type { ChangesReport, FlagChange, FlagStore } from '../store.ts'
import { type AuditItem, auditKey } from '../versioned-store.ts'
import { type ContractCase, flag, settled } from './contract-case.ts'

type Contract = (name: string, run: (store: FlagStore) => Promise<void>) => ContractCase

/** A change of `key` from the version before `version`, with its record. */
export function recordedChange(key: string, version: number, who = 'ann'): FlagChange & { readonly record: AuditItem } {
  const [before, after] = [flag(key, version - 1), flag(key, version, { who })]
  const record = {
    key: auditKey(key, version, who),
    version: 1,
    kind: 'features' as const,
    subject: key,
    action: 'import',
    who,
    atMs: version,
    comment: 'why',
    ...(version === 1 ? {} : { before }),
    after,
  }
  return { kind: 'features', item: after, ifVersion: version === 1 ? 'absent' : version - 1, record }
}

const statuses = ({ outcomes }: ChangesReport): readonly string[] => outcomes.map(({ status }) => status)
const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `f${n}`)
const flagsOf = (changes: readonly FlagChange[]) => Object.fromEntries(changes.map(({ item }) => [item.key, item]))

/** What a store promises to those who write many at once, and to those who want each change recorded. */
export function changesContract(contract: Contract): readonly ContractCase[] {
  return [
    contract('changes 2,000 flags, each with its record, and names the new content', async (store) => {
      const keys = numbered(2000)
      await store.init({ flags: Object.fromEntries(keys.map((key) => [key, flag(key, 1)])) })
      const before = await store.readMeta?.()
      const changes = keys.map((key) => recordedChange(key, 2))
      const report = await store.putAll(changes)
      deepStrictEqual([new Set(statuses(report)), report.failure], [new Set(['written']), undefined])
      const snapshot = await store.readAll()
      deepStrictEqual(snapshot?.flags, flagsOf(changes))
      await settled(store)
      if (before !== undefined) strictEqual(before.digest === snapshot?.meta?.digest, false)
      const records = await store.list('audit')
      deepStrictEqual(
        records,
        changes.map(({ record }) => record).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      )
    }),
    contract('says of each of many what became of it, and records what was written alone', async (store) => {
      await store.init({ flags: { a: flag('a', 1), b: flag('b', 5) } })
      await store.as('launchdarkly').upsert('features', flag('theirs', 1))
      const huge = recordedChange('huge', 1)
      const report = await store.putAll([
        recordedChange('a', 2),
        recordedChange('b', 2),
        recordedChange('theirs', 2),
        recordedChange('new', 1),
        { ...recordedChange('a', 3), ifVersion: 3 },
        { ...huge, item: flag('huge', 1, { pad: 'x'.repeat(500_000) }) },
      ])
      const codes = report.outcomes.map((one) => (one.status === 'refused' ? one.error.code : one.status))
      const hugeOutcome = codes.pop() ?? ''
      deepStrictEqual(codes, ['written', 'stale', 'not_owner', 'written', 'bad_version'])
      // Not every engine has a limit.
      strictEqual(['item_too_large', 'written'].includes(hugeOutcome), true)
      const snapshot = await store.readAll()
      deepStrictEqual(
        ['a', 'b', 'theirs', 'new'].map((key) => snapshot?.flags[key]?.version),
        [2, 5, 1, 1],
      )
      await settled(store)
      const recorded = (await store.list('audit')).map(({ subject }) => subject).filter((key) => key !== 'huge')
      deepStrictEqual(recorded, ['a', 'new'])
    }),
    contract('refuses the second change of one item in one go, and writes the first', async (store) => {
      const report = await store.putAll([recordedChange('a', 1), recordedChange('a', 1, 'bob')])
      deepStrictEqual(statuses(report), ['written', 'refused'])
      deepStrictEqual(await store.get('features', 'a'), flag('a', 1, { who: 'ann' }))
      deepStrictEqual(
        (await store.list('audit')).map(({ who }) => who),
        ['ann'],
      )
    }),
    contract('lets one of two who change the same many win each, and keeps the winners’ records', async (store) => {
      const keys = numbered(60)
      await store.init({ flags: Object.fromEntries(keys.map((key) => [key, flag(key, 1)])) })
      const [ann, bob] = await Promise.all(
        ['ann', 'bob'].map((who) => store.putAll(keys.map((key) => recordedChange(key, 2, who)))),
      )
      const winners = keys.map((_, n) => {
        const pair = [ann?.outcomes[n]?.status, bob?.outcomes[n]?.status]
        deepStrictEqual(pair.toSorted(), ['stale', 'written'])
        return pair[0] === 'written' ? 'ann' : 'bob'
      })
      const snapshot = await store.readAll()
      deepStrictEqual(
        snapshot?.flags,
        Object.fromEntries(keys.map((key, n) => [key, flag(key, 2, { who: winners[n] })])),
      )
      const recorded = (await store.list('audit')).map(({ subject, who }) => `${subject} ${who}`)
      deepStrictEqual(recorded, keys.map((key, n) => `${key} ${winners[n]}`).toSorted())
      await settled(store)
    }),
    contract('names the content after single writes in the midst of many', async (store) => {
      const keys = numbered(120)
      await store.init({ flags: Object.fromEntries(keys.map((key) => [key, flag(key, 1)])) })
      await Promise.all([
        store.putAll(keys.slice(0, 60).map((key) => recordedChange(key, 2))),
        store.putAll(keys.slice(60).map((key) => recordedChange(key, 2))),
        ...Array.from({ length: 8 }, (_, n) => store.upsert('features', flag(`single${n}`, 1))),
      ])
      const snapshot = await store.readAll()
      strictEqual(Object.keys(snapshot?.flags ?? {}).length, 128)
      await settled(store)
    }),
    contract('writes nothing for no changes', async (store) => {
      await store.init({ flags: { a: flag('a', 1) } })
      const before = await store.readMeta?.()
      deepStrictEqual(await store.putAll([]), { outcomes: [] })
      deepStrictEqual(await store.readMeta?.(), before)
    }),
    contract('keeps the record of a single write, and none of one that was refused or stale', async (store) => {
      await store.as('launchdarkly').upsert('features', flag('theirs', 1))
      const put = async ({ item, ifVersion, record }: ReturnType<typeof recordedChange>) =>
        store.put('features', item, { ifVersion, record })
      strictEqual(await put(recordedChange('a', 1)), 'written')
      strictEqual(await put(recordedChange('a', 1, 'late')), 'stale')
      await rejects(put(recordedChange('theirs', 2)), { code: 'not_owner' })
      const owner = { key: 'a', version: 2, owner: 'launchdarkly' as const }
      const { record } = recordedChange('a', 2, 'handing over')
      strictEqual(await store.put('owners', { ...owner, version: 8 }, { ifVersion: 7, record }), 'stale')
      strictEqual(await store.put('owners', owner, { ifVersion: 1, record }), 'written')
      deepStrictEqual(
        (await store.list('audit')).map(({ who }) => who),
        ['ann', 'handing over'],
      )
    }),
    contract('is filled with what is in it when it is marked so, and loses nothing by it', async (store) => {
      await store.upsert('features', flag('a', 1))
      strictEqual(await store.readAll(), undefined)
      await store.markFilled()
      const snapshot = await store.readAll()
      deepStrictEqual(snapshot?.flags, { a: flag('a', 1) })
      await settled(store)
      await store.as('launchdarkly').upsert('features', flag('b', 1))
      await store.markFilled()
      strictEqual(Object.keys((await store.readAll())?.flags ?? {}).length, 2)
    }),
    contract('is not marked as filled while the other owner is filling it', async (store) => {
      await store.as('launchdarkly').upsert('features', flag('a', 1))
      await rejects(store.markFilled(), { code: 'not_owner' })
      strictEqual(await store.readAll(), undefined)
    }),
  ]
}
