import { type JsonValue, sameJson } from '@waybill/core'
import type { FlagChange, FlagData, SegmentData, StoreKind } from '@waybill/flags'
import { type Author, auditItem } from './audit.ts'
import { Failure } from './failure.ts'
import type { Store } from './store/store.ts'

type Item = FlagData | SegmentData

/** A change of one item, made from what was read. */
export interface Proposal {
  readonly kind: 'features' | 'segments'
  readonly action: string
  readonly before: Item | undefined
  /** Its version is set here: one above what was read, unless it is greater already. */
  readonly after: Item
}

export interface Changed {
  readonly status: 'changed' | 'unchanged'
  readonly before: Item | undefined
  readonly after: Item
}

/**
 * What a proposal comes to: the item with its new version, or that nothing is to be done. Versions are no content: an
 * import of what is there already changes nothing, nor does a deletion of what is not there.
 */
export function plan({ before, after }: Proposal): Changed {
  const live = before?.deleted ? undefined : before
  if (live === undefined ? after.deleted : sameContent(live, after)) {
    return { status: 'unchanged', before, after: before ?? after }
  }
  return {
    status: 'changed',
    before,
    after: { ...after, version: Math.max((before?.version ?? 0) + 1, after.version) },
  }
}

/** What a planned change writes: the item, if it still has the version that was read, and the record of it. */
export function writeOf(
  { kind, action }: Proposal,
  { before, after }: Changed,
  author: Author,
  unique: string,
): FlagChange {
  const live = before?.deleted ? undefined : before
  const record = auditItem({ kind, action, before: live, after }, author, unique)
  return { kind, item: after, ifVersion: before?.version ?? 'absent', record }
}

/** Makes a change. Fails with `conflict` when somebody else was faster. */
export async function apply(store: Store, proposal: Proposal, author: Author, unique: string): Promise<Changed> {
  const planned = plan(proposal)
  if (planned.status === 'unchanged') return planned
  const { kind, item, ...options } = writeOf(proposal, planned, author, unique)
  if ((await store.put(kind, item, options)) === 'written') return planned
  throw await conflict(store, proposal)
}

/** The refusal of a change that came too late; says who was faster. */
export async function conflict(store: Store, { kind, before, after }: Proposal): Promise<Failure> {
  return new Failure('conflict', await conflictMessage(store, kind, after.key, before?.version))
}

async function conflictMessage(store: Store, kind: StoreKind, key: string, read: number | undefined): Promise<string> {
  const now = await store.get(kind, key)
  const version = now === undefined ? 'gone' : `at version ${now.version}`
  const was = read === undefined ? 'was not there' : `had version ${read}`
  const keyPrefix = kind === 'features' ? `${key}/` : `segments/${key}/`
  const last = (await store.list('audit', { keyPrefix })).findLast(
    (record) => record.kind === kind && record.after?.version === now?.version,
  )
  const by = last === undefined ? '' : `, by ${last.who}: "${last.comment}"`
  return `"${key}" was changed by somebody else: it ${was} and is now ${version}${by}. Nothing was changed: look again, then repeat`
}

function sameContent(a: Item, b: Item): boolean {
  return sameJson(withoutVersion(a), withoutVersion(b))
}

function withoutVersion(item: Item): JsonValue {
  const { version: _, ...content } = item
  // By way of JSON: what is undefined is not there.
  return JSON.parse(JSON.stringify(content)) as JsonValue
}
