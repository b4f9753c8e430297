import { checkWrite, FlagDataError, type FlagSet, type ItemKind, notOwner, type StoredItem } from '@waybill/flags'
import { type Content, openMark, readContent, settleMark } from './mark.ts'
import { ownerOf, type Row, rowOf } from './schema.ts'
import { type Expected, type Place, removeRow, type Written, writeRow } from './write-row.ts'

/** Writes under way at once. */
const AT_ONCE = 25
const MAX_ATTEMPTS = 5

interface Change {
  readonly kind: ItemKind
  readonly key: string
  /** Absent: to be removed. */
  readonly item?: StoredItem
  readonly expected: Expected
}

interface Plan {
  readonly changes: readonly Change[]
  readonly refusals: readonly FlagDataError[]
}

/**
 * Makes the table hold exactly this data, but for rows of the other owner, and returns what was refused. Only what differs
 * is written, each row on condition that it is still as it was read, so that a flag which changed hands meanwhile, or came to
 * be, is not overwritten. Batches know no conditions.
 */
export async function fill(place: Place, data: FlagSet): Promise<readonly FlagDataError[]> {
  const { changes, refusals } = planOf(place, data, await readContent(place.table, place.schema))
  const opened = await openMark(place, changes)
  const late: FlagDataError[] = []
  for (let start = 0; start < changes.length; start += AT_ONCE) {
    await opened?.keep()
    const settled = await Promise.allSettled(changes.slice(start, start + AT_ONCE).map((one) => change(place, one)))
    for (const one of settled) {
      if (one.status === 'fulfilled') continue
      if (!(one.reason instanceof FlagDataError && one.reason.code === 'not_owner')) throw one.reason
      late.push(one.reason)
    }
  }
  // The mark comes last: whoever sees it sees everything.
  await settleMark(place, { create: true, opened })
  return [...refusals, ...late]
}

function planOf({ schema, writer }: Place, data: FlagSet, content: Content): Plan {
  const changes: Change[] = []
  const refusals: FlagDataError[] = []
  const given = { features: data.flags, segments: data.segments ?? {} }
  for (const kind of ['features', 'segments'] as const) {
    const gone = new Map(content[kind].map((row) => [row['key']?.S ?? '', row]))
    for (const item of Object.values(given[kind]) as readonly StoredItem[]) {
      const there = gone.get(item.key)
      gone.delete(item.key)
      try {
        checkWrite(kind, item, 'absent')
        const owner = ownerOf(there)
        if (owner !== undefined && owner !== writer) throw notOwner(kind, item.key, owner, writer)
        const row = rowOf(schema, kind, item, { writeId: '', owner: writer })
        if (there === undefined || owner === undefined || there['item']?.S !== row['item']?.S)
          changes.push({ kind, key: item.key, item, expected: asRead(there) })
      } catch (error) {
        if (!(error instanceof FlagDataError)) throw error
        refusals.push(error)
      }
    }
    for (const [key, row] of gone) {
      const owner = ownerOf(row)
      if (owner === undefined || owner === writer) changes.push({ kind, key, expected: asRead(row) })
    }
  }
  return { changes, refusals }
}

async function change(place: Place, { kind, key, item, expected: first }: Change): Promise<void> {
  let expected = first
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { outcome, row }: Written =
      item === undefined ? await removeRow(place, kind, key, expected) : await writeRow(place, kind, item, expected)
    if (outcome === 'written') return
    expected = asRead(row)
  }
  throw new FlagDataError('store_unavailable', `"${key}" of ${kind} is being written by others all the time`, {
    keys: [key],
  })
}

function asRead(row: Row | undefined): Expected {
  if (row === undefined) return 'absent'
  const version = row['version']?.N
  return { version: version === undefined ? undefined : Number(version) }
}
