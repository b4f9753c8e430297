import { WaybillError } from './errors.ts'
import { type KeyRing, keyRing } from './keys.ts'

/**
 * A ring that may change while functions run: keys in a parameter or a secret, which are rotated without a deployment.
 *
 * @example
 * ```ts
 * let ring = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
 * const source: KeySource = { current: () => ring, refresh: () => undefined }
 * source.current().signer?.id // 'k1'
 * ```
 */
export interface KeySource {
  /** The ring held now, from memory; an empty one until the first load. */
  current(): KeyRing
  /**
   * Awaited before a handler, with the ids of the keys that its tokens name. A promise only when a load is due, or when
   * one of the ids is not in the ring and the throttle allows a look. Never rejects.
   */
  refresh?(keyIds?: readonly string[]): Promise<void> | undefined
  /** True while the last load failed: the ring may be outdated. Counted as `keys_unavailable` once per invocation. */
  isBehind?(): boolean
}

const EMPTY = keyRing({})

/** `undefined` for a ring, which never changes. Throws `bad_option` for what is neither. */
export function keySourceOf(keys: KeyRing | KeySource, where: string): KeySource | undefined {
  if (typeof (keys as KeySource | undefined)?.current === 'function') return keys as KeySource
  if (typeof (keys as KeyRing | undefined)?.verifier === 'function') return undefined
  throw new WaybillError('bad_option', `${where}: option "keys" must be a key ring or a key source`)
}

/** What a source holds; an empty ring where it breaks its word, so that no request does. */
export function ringOf(source: KeySource): KeyRing {
  try {
    return source.current() ?? EMPTY
  } catch {
    return EMPTY
  }
}

/** The beginning of every token that this version reads: only so much of a stranger's text is looked at. */
const NAMED_KEY = /^wbo?1\.([A-Za-z0-9]{1,16})\./

/** The keys that tokens name in clear, each once. */
export function keyIdsOf(tokens: Iterable<string>): readonly string[] {
  const ids = new Set<string>()
  for (const token of tokens) {
    const id = NAMED_KEY.exec(token)?.[1]
    if (id !== undefined) ids.add(id)
  }
  return [...ids]
}
