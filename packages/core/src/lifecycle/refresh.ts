import { keyIdsOf } from '../key-source.ts'
import type { Scope, ScopeSettings } from '../scope.ts'

/** What a handler waits for: keys and recalls that are due. `undefined` when nothing is. Never rejects. */
export function refreshed(
  { keySource, recalls }: ScopeSettings,
  tokens: Iterable<string>,
): Promise<unknown> | undefined {
  if (keySource?.refresh === undefined) return recalls?.refresh && settled(() => recalls.refresh?.())
  const keys = settled(() => keySource.refresh?.(keyIdsOf(tokens)))
  const orders = recalls?.refresh && settled(() => recalls.refresh?.())
  return keys !== undefined && orders !== undefined ? Promise.all([keys, orders]) : (keys ?? orders)
}

/** Once for each invocation: keys may have been rotated, or recalls ordered, that nobody here knows of. */
export function countIfBehind({ keySource, recalls }: ScopeSettings, scope: Pick<Scope, 'count'>): void {
  if (isBehind(keySource)) scope.count('keys_unavailable')
  if (isBehind(recalls)) scope.count('recalls_unavailable')
}

function isBehind(source: { isBehind?(): boolean } | undefined): boolean {
  try {
    return source?.isBehind?.() ?? false
  } catch {
    return true
  }
}

/** A source that breaks its word delays nobody and fails nothing: what it held stays in force. */
function settled(refresh: () => Promise<void> | undefined): Promise<unknown> | undefined {
  try {
    return refresh()?.catch(() => undefined)
  } catch {
    return undefined
  }
}
