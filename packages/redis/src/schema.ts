import type { StoreKind, VersionedItem } from '@waybill/flags'

/*
 * The keys as ld-relay and LaunchDarkly's SDKs write them: hashes `<prefix>:features` and `<prefix>:segments`, a field for
 * each item with its JSON, and `<prefix>:$inited`, of which they only ask whether it exists.
 * https://launchdarkly.com/docs/sdk/features/storing-data/redis
 * Ours in addition are the other keys below, and the value of `$inited`. No field of their hashes is ours: they would take it
 * for a flag.
 */
export interface Schema {
  readonly inited: string
  readonly hashes: Readonly<Record<StoreKind, string>>
  /** The keys of audit items, sorted: their hash grows for ever, and must never be read as a whole. */
  readonly auditKeys: string
  /** All of them, in the order in which the scripts know them. */
  readonly all: readonly string[]
}

/** As LaunchDarkly's SDKs and ld-relay have it. */
const DEFAULT_PREFIX = 'launchdarkly'

export function prefixOf(prefix: string | undefined): string {
  return prefix || DEFAULT_PREFIX
}

export function schemaFor(prefix: string): Schema {
  const key = (name: string): string => `${prefix}:${name}`
  const inited = key('$inited')
  const auditKeys = key('$auditKeys')
  const hashes = {
    features: key('features'),
    segments: key('segments'),
    owners: key('$owners'),
    audit: key('$audit'),
    recalls: key('$recalls'),
    rollouts: key('$rollouts'),
  }
  const { features, segments, owners, audit, recalls, rollouts } = hashes
  return { inited, hashes, auditKeys, all: [inited, features, segments, owners, audit, auditKeys, recalls, rollouts] }
}

export const OWNER_OF_SEGMENT = 'segments/'

/**
 * The item in a field; `undefined` when it cannot be read: one damaged field takes no other down. LaunchDarkly's tombstones
 * say their key only in the field's name.
 */
export function itemOf<T extends VersionedItem>(key: string, json: string): T | undefined {
  try {
    const item = JSON.parse(json) as T | null
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined
    return typeof item.key === 'string' ? item : { ...item, key }
  } catch {
    return undefined
  }
}

/** A text of a reply; clients may be set to give Buffers. */
export function textOf(reply: unknown): string | undefined {
  return reply === null || reply === undefined ? undefined : String(reply)
}

/** A hash of a reply, sorted by its fields: an object or a Map under RESP3, and under RESP2 a list. */
export function fieldsOf(reply: unknown): readonly (readonly [key: string, json: string])[] {
  return pairsOf(reply).sort(([a], [b]) => (a < b ? -1 : 1))
}

function pairsOf(reply: unknown): [string, string][] {
  if (reply instanceof Map) return [...reply].map(([key, json]) => [String(key), String(json)])
  if (!Array.isArray(reply)) return Object.entries(reply ?? {}).map(([key, json]) => [key, String(json)])
  return Array.from({ length: reply.length / 2 }, (_, n) => [String(reply[2 * n]), String(reply[2 * n + 1])])
}
