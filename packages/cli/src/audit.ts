import { type AuditItem, auditKey, type FlagData, type SegmentData } from '@waybill/flags'

/** Whose change, and when: the same for all that one command changes. */
export interface Author {
  readonly who: string
  readonly atMs: number
  readonly comment: string
}

export interface Change {
  readonly kind: 'features' | 'segments'
  readonly action: string
  readonly before: FlagData | SegmentData | undefined
  readonly after: FlagData | SegmentData
}

/** DynamoDB's 400 KB an item, less names and the other fields. */
const MAX_BYTES = 380_000

/**
 * The record of a change. `before` and `after` are whole, unless both together have no room in an item: then only the
 * fields that differ are kept, and of those none that is too long by itself; `shortened` says so.
 */
export function auditItem(
  change: Change,
  author: Author,
  unique: string,
): AuditItem & { readonly shortened?: boolean } {
  const { kind, action, before, after } = change
  const item = {
    key: auditKey(kind === 'features' ? after.key : `segments/${after.key}`, author.atMs, unique),
    version: 1,
    kind,
    subject: after.key,
    action,
    ...author,
  }
  const whole = { ...item, ...(before === undefined ? {} : { before }), after }
  if (bytesOf(whole) <= MAX_BYTES) return whole
  const differing = Object.keys({ ...before, ...after }).filter((field) => {
    return JSON.stringify(fieldOf(before, field)) !== JSON.stringify(fieldOf(after, field))
  })
  const keep = ['key', 'version', ...differing.filter((field) => sizeIn(field, before) + sizeIn(field, after) < 20_000)]
  const cut = (data: FlagData | SegmentData): FlagData | SegmentData =>
    Object.fromEntries(keep.flatMap((field) => (field in data ? [[field, fieldOf(data, field)]] : []))) as never
  return { ...item, ...(before === undefined ? {} : { before: cut(before) }), after: cut(after), shortened: true }
}

function fieldOf(data: FlagData | SegmentData | undefined, field: string): unknown {
  return (data as Readonly<Record<string, unknown>> | undefined)?.[field]
}

function sizeIn(field: string, data: FlagData | SegmentData | undefined): number {
  return bytesOf(fieldOf(data, field) ?? null)
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
