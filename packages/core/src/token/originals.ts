import type { Waybill } from '../waybill.ts'

/**
 * What was read of a token, kept beside its waybill so that a re-sealed token still says what this version does not
 * understand. Beside, not inside: a waybill is plain data, and must not carry a text that is as good as a password.
 */
export interface Originals {
  /** The token as it came: forwarded as it is where it fits. A merged waybill has none. */
  readonly text?: string
  /** Extras that this version does not know. */
  readonly extras: readonly string[]
  /** Entry texts by flag: re-sealed unchanged. */
  readonly entries: ReadonlyMap<string, string>
}

const remembered = new WeakMap<Waybill, Originals>()

export function rememberOriginals(waybill: Waybill, originals: Originals): void {
  remembered.set(waybill, originals)
}

export function originalsOf(waybill: Waybill): Originals | undefined {
  return remembered.get(waybill)
}
