import { isDeepStrictEqual } from 'node:util'
import type { FlagSet, FlagStore, ItemKind, StoredItem } from '@waybill/flags'
import type { StoreWrite } from './flag-writing.ts'

/** Why a sync did not come to its end. Each is a code of the log line and of the webhook's answer. */
export type SyncFailure =
  | 'sdk_key_unavailable'
  | 'launchdarkly_refused'
  | 'launchdarkly_bad_answer'
  | 'launchdarkly_timeout'
  | 'store_unavailable'
  | 'store_timeout'
  | 'busy'

/** `key` is the flag's, or `segments/` and the segment's, as with owners. */
export interface SyncChange {
  readonly key: string
  /** The version before; absent when it is new. */
  readonly before?: number
  /** The version now; absent when it is gone. */
  readonly after?: number
}

/** What a sync did: keys and versions, no values and no secrets. */
export interface SyncReport {
  readonly code: 'synced' | SyncFailure
  readonly changes: readonly SyncChange[]
  /** LaunchDarkly has them, and `waybill` owns them: left as they are. */
  readonly notOwned: readonly string[]
  /** What the store cannot hold: too large, or no flag data. */
  readonly unwritten: readonly string[]
  readonly durationMs: number
  /** What went wrong, in words. */
  readonly message?: string
}

/** A sync that failed, as a scheduled handler throws it, so that Lambda counts an error and tries again. */
export class SyncError extends Error {
  readonly code: SyncFailure
  readonly report: SyncReport

  constructor(code: SyncFailure, report: SyncReport) {
    super(`${report.message} [${code}]`)
    this.name = 'SyncError'
    this.code = code
    this.report = report
  }
}

const KINDS: readonly ItemKind[] = ['features', 'segments']

/** As owners are called. */
export function reportKey(kind: ItemKind, key: string): string {
  return kind === 'segments' ? `segments/${key}` : key
}

function itemsIn(data: FlagSet | undefined, kind: ItemKind): Readonly<Record<string, StoredItem>> {
  return (kind === 'features' ? data?.flags : data?.segments) ?? {}
}

function own(items: Readonly<Record<string, StoredItem>>, key: string): StoredItem | undefined {
  return Object.hasOwn(items, key) ? items[key] : undefined
}

/** What became different. `isOurs` leaves out what another writer changed at the same time. */
export function changesBetween(
  before: FlagSet | undefined,
  after: FlagSet | undefined,
  isOurs: (key: string, isThere: boolean) => boolean,
): readonly SyncChange[] {
  return KINDS.flatMap((kind) => {
    const [old, now] = [itemsIn(before, kind), itemsIn(after, kind)]
    const keys = new Set([...Object.keys(old), ...Object.keys(now)])
    return [...keys].sort().flatMap((key) => {
      const [was, is] = [own(old, key), own(now, key)]
      const named = reportKey(kind, key)
      if (isDeepStrictEqual(was, is) || !isOurs(named, is !== undefined)) return []
      return [{ key: named, ...(was && { before: was.version }), ...(is && { after: is.version }) }]
    })
  })
}

/** All that LaunchDarkly said it has, of several writes. */
export function givenIn(writes: readonly StoreWrite[]): ReadonlySet<string> {
  return new Set(
    writes.flatMap((write) =>
      write.operation === 'upsert'
        ? [reportKey(write.kind, write.item.key)]
        : KINDS.flatMap((kind) => Object.keys(itemsIn(write.data, kind)).map((key) => reportKey(kind, key))),
    ),
  )
}

export interface Refused {
  readonly notOwned: readonly string[]
  readonly unwritten: readonly string[]
}

/** Sorts what the store refused by reason. Its errors name keys without kinds: a flag and a segment may share one. */
export async function refusedIn(writes: readonly StoreWrite[], store: FlagStore): Promise<Refused> {
  const refused = new Set<string>()
  for (const write of writes) {
    for (const key of write.error?.keys ?? []) {
      const kinds =
        write.operation === 'upsert' ? [write.kind] : KINDS.filter((kind) => own(itemsIn(write.data, kind), key))
      for (const kind of kinds) refused.add(reportKey(kind, key))
    }
  }
  if (refused.size === 0) return { notOwned: [], unwritten: [] }
  const theirs = new Set((await store.list('owners')).filter(({ owner }) => owner === 'waybill').map(({ key }) => key))
  const sorted = [...refused].sort()
  return {
    notOwned: sorted.filter((key) => theirs.has(key)),
    // Of a flag and a segment of one key, one was refused as the other's: that one is written.
    unwritten: sorted.filter((key) => !theirs.has(key) && !isTwinOf(key, theirs)),
  }
}

function isTwinOf(key: string, owned: ReadonlySet<string>): boolean {
  const twin = key.startsWith('segments/') ? key.slice('segments/'.length) : `segments/${key}`
  return owned.has(twin)
}

const MAX_LOGGED = 20

/** One coded line: counts, and the first keys. */
export function logLine({ code, changes, notOwned, unwritten, durationMs, message }: SyncReport): string {
  const left = notOwned.length + unwritten.length
  const said = `${changes.length} changed, ${left} left as they are`
  return JSON.stringify({
    level: code === 'synced' && unwritten.length === 0 ? 'INFO' : 'WARN',
    message: `waybill: sync from LaunchDarkly: ${message ?? said}`,
    code: `launchdarkly_${code.replace('launchdarkly_', '')}`,
    changed: changes.length,
    changes: changes.slice(0, MAX_LOGGED),
    ...(notOwned.length > 0 && { notOwned: notOwned.slice(0, MAX_LOGGED) }),
    ...(unwritten.length > 0 && { unwritten: unwritten.slice(0, MAX_LOGGED) }),
    durationMs,
  })
}
