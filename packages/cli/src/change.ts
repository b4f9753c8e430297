import { type JsonValue, sameJson } from '@waybill/core'
import type { FlagData, SegmentData, StoreKind } from '@waybill/flags'
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
 * import of what is there already changes nothing.
 */
export function plan({ before, after }: Proposal): Changed {
  if (before !== undefined && !before.deleted && sameContent(before, after)) {
    return { status: 'unchanged', before, after: before }
  }
  return {
    status: 'changed',
    before,
    after: { ...after, version: Math.max((before?.version ?? 0) + 1, after.version) },
  }
}

/**
 * Makes a change. The record goes first, so that nothing changes without one, and is taken back when the store refuses;
 * then the item, if it still has the version that was read. Fails with `conflict` when somebody else was faster.
 */
export async function apply(store: Store, proposal: Proposal, author: Author, unique: string): Promise<Changed> {
  const planned = plan(proposal)
  if (planned.status === 'unchanged') return planned
  const { kind, action } = proposal
  const { before, after } = planned
  const live = before?.deleted ? undefined : before
  const record = auditItem({ kind, action, before: live, after }, author, unique)
  if ((await store.put('audit', record, { ifVersion: 'absent' })) === 'stale') {
    throw new Failure('conflict', `"${after.key}" is being changed at this very moment: nothing was changed, try again`)
  }
  const takeBack = async (): Promise<void> => {
    const { key, version } = record
    await store.put('audit', { ...record, key, version: version + 1, deleted: true }, { ifVersion: version })
  }
  let outcome: 'written' | 'stale'
  try {
    outcome = await putItem(store, kind, after, before?.version ?? 'absent')
  } catch (error) {
    // Refused by the store itself: nothing was written. Whatever else went wrong may have come after the write.
    if (isRefusal(error)) await takeBack()
    throw error
  }
  if (outcome === 'written') return planned
  await takeBack()
  throw new Failure('conflict', await conflictMessage(store, kind, after.key, before?.version))
}

function putItem(
  store: Store,
  kind: 'features' | 'segments',
  item: Item,
  ifVersion: number | 'absent',
): Promise<'written' | 'stale'> {
  return kind === 'features'
    ? store.put('features', item as FlagData, { ifVersion })
    : store.put('segments', item as SegmentData, { ifVersion })
}

const REFUSALS: ReadonlySet<unknown> = new Set([
  'bad_flag_data',
  'bad_version',
  'item_too_large',
  'not_owner',
  'bad_input',
])

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && REFUSALS.has(error.code)
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
