import type { JsonValue } from '@waybill/core'
import { FlagDataError } from './store.ts'
import { type AuditItem, auditKey, type RecallItem, type VersionedStore } from './versioned-store.ts'

/** What an operator orders: decisions of `flag` up to that version give way to `to`, wherever they are. */
export interface RecallOrder {
  readonly flag: string
  readonly upToVersion: number
  /** The name that the code declares. */
  readonly to: string
  /** What the flag data has under that name; for code that declares it under another one. */
  readonly value?: JsonValue
  /** As long as the longest retention of what is in flight. Default 14 days, the longest of SQS; at most 366. */
  readonly lifetimeSeconds?: number
}

export interface RecallAuthor {
  readonly who: string
  readonly comment: string
}

/** `stale`: somebody else changed the recall at the same moment, and nothing was written. */
export interface RecallChange {
  readonly status: 'written' | 'planned' | 'unchanged' | 'stale'
  /** Absent when none was in force. */
  readonly before?: RecallItem
  /** Absent when it was lifted. */
  readonly after?: RecallItem
}

/** The writing side of recalls: one at a time for each flag. */
export interface RecallStore {
  /** Those in force, in the order of their flags. */
  list(): Promise<readonly RecallItem[]>
  /**
   * Rejects with `bad_version` when a recall is in force that reaches further: what it took back is not let go by mistake.
   * `dryRun` checks, and writes nothing. `unlessCovered` leaves one as it is that reaches as far to the same variation, or
   * further: for who may be giving the same order twice.
   */
  put(
    order: RecallOrder,
    author: RecallAuthor,
    options?: { readonly dryRun?: boolean; readonly unlessCovered?: boolean },
  ): Promise<RecallChange>
  /** Takes a recall back: what is still in flight is honoured again as it was decided. */
  lift(flag: string, author: RecallAuthor, options?: { readonly dryRun?: boolean }): Promise<RecallChange>
}

export interface RecallStoreOptions {
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly nowMs?: () => number
  /** Tells two changes of one millisecond apart. Default: random. */
  readonly unique?: () => string
}

const DAY_SECONDS = 86_400
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const DEFAULT_LIFETIME_SECONDS = 14 * DAY_SECONDS
/** Kinesis keeps records for up to 365 days: https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html */
const MAX_LIFETIME_SECONDS = 366 * DAY_SECONDS
/** As declared names are. */
const NAME = /^[\x21-\x7e]{1,64}$/

/**
 * Orders recalls in any store; consumers read them with a recall source of that store. Each change is recorded
 * under the flag's key, as changes of flags are. Rejects as the store does, and with `bad_flag_data` for an order that
 * nobody could follow.
 *
 * @example
 * ```ts
 * const recalls = recallStore(memoryStore())
 * const ada = { who: 'ada', comment: 'errors in payment' }
 * await recalls.put({ flag: 'new-order-flow', upToVersion: 7, to: 'control' }, ada)
 * const [recall] = await recalls.list()
 * recall?.to // 'control'
 * ```
 */
export function recallStore(
  store: Pick<VersionedStore, 'get' | 'list' | 'put'>,
  { nowMs = Date.now, unique = () => crypto.randomUUID() }: RecallStoreOptions = {},
): RecallStore {
  const inForce = (item: RecallItem | undefined): RecallItem | undefined =>
    item === undefined || item.deleted || item.expiresAtMs <= nowMs() ? undefined : item

  /** Who reads recalls pays for all rows: what has expired is replaced by its tombstone. */
  const sweep = async (): Promise<void> => {
    for (const { key, version, expiresAtMs } of await store.list('recalls')) {
      if (expiresAtMs <= nowMs()) await store.put('recalls', tombstone(key, version + 1), { ifVersion: version })
    }
  }

  const change = async (
    flag: string,
    author: RecallAuthor,
    next: (before: RecallItem | undefined, version: number) => RecallItem | undefined,
    dryRun: boolean,
  ): Promise<RecallChange> => {
    const there = await store.get('recalls', flag)
    const live = inForce(there)
    const version = (there?.version ?? 0) + 1
    const after = next(live, version)
    if (after !== undefined && after === live) return { status: 'unchanged', before: live, after }
    const sides = { ...(live === undefined ? {} : { before: live }), ...(after === undefined ? {} : { after }) }
    if (live === undefined && after === undefined) return { status: 'unchanged' }
    if (dryRun) return { status: 'planned', ...sides }
    const atMs = nowMs()
    const action = after === undefined ? 'lift recall' : 'recall'
    const about = { kind: 'recalls', subject: flag, action, atMs, ...author } as const
    const record: AuditItem = { key: auditKey(flag, atMs, unique()), version: 1, ...about, ...sides }
    const item = after ?? tombstone(flag, version)
    const status = await store.put('recalls', item, { ifVersion: there?.version ?? 'absent', record })
    // The order stands, whatever becomes of this; the next one sweeps again.
    if (status === 'written') await sweep().catch(() => undefined)
    return { status, ...sides }
  }

  return {
    list: async () => (await store.list('recalls')).filter((item) => inForce(item) !== undefined),
    put: async (order, author, { dryRun = false, unlessCovered = false } = {}) => {
      checkOrder(order)
      const { flag, upToVersion, to, value, lifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = order
      const next = (before: RecallItem | undefined, version: number): RecallItem => {
        if (before !== undefined && unlessCovered && covers(before, order)) return before
        if (before !== undefined && before.upToVersion > upToVersion) throw reachesFurther(before, upToVersion)
        const atMs = nowMs()
        const said = { upToVersion, to, ...(value === undefined ? {} : { value }), ...author }
        return { key: flag, version, ...said, atMs, expiresAtMs: atMs + lifetimeSeconds * 1000 }
      }
      return change(flag, author, next, dryRun)
    },
    lift: async (flag, author, { dryRun = false } = {}) => change(flag, author, () => undefined, dryRun),
  }
}

function covers(before: RecallItem, { upToVersion, to }: RecallOrder): boolean {
  return before.upToVersion > upToVersion || (before.upToVersion === upToVersion && before.to === to)
}

function tombstone(key: string, version: number): RecallItem {
  return { key, version, deleted: true } as RecallItem
}

function reachesFurther({ key, upToVersion, to }: RecallItem, wanted: number): FlagDataError {
  const message = `"${key}" is recalled to ${to} up to version ${upToVersion}: lift that before one up to ${wanted}`
  return new FlagDataError('bad_version', message, { keys: [key] })
}

function checkOrder({ flag, upToVersion, to, lifetimeSeconds = 1 }: RecallOrder): void {
  const bad = (what: string): FlagDataError =>
    new FlagDataError('bad_flag_data', `the recall of "${flag}": ${what}`, { keys: [flag] })
  if (typeof flag !== 'string' || flag === '') throw bad('it names no flag')
  if (!Number.isSafeInteger(upToVersion) || upToVersion < 1) throw bad('upToVersion is a version of the flag')
  if (!NAME.test(to)) throw bad('a declared variation has 1 to 64 printable ASCII characters without spaces')
  if (!(lifetimeSeconds > 0 && lifetimeSeconds <= MAX_LIFETIME_SECONDS)) throw bad('it lives for 366 days at most')
}
