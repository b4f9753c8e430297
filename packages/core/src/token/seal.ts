import type { KeyRing } from '../keys.ts'
import { SIGNATURE_LENGTH } from '../keys.ts'
import type { Waybill } from '../waybill.ts'
import { encodeEntry, escapeText, joinToken, MAX_FLAGS } from './format-1.ts'
import { CarriedWaybill } from './originals.ts'

/** Bytes that a token may have unless the caller says otherwise; readers refuse more than `MAX_TOKEN_BYTES`. */
export const DEFAULT_BUDGET_BYTES = 2048
export const MAX_TOKEN_BYTES = 8192

export interface SealOptions {
  /** The most bytes that the token may have. Default 2048, at most 8192. */
  readonly maxBytes?: number
  /** Whom the token is meant for; others refuse it. */
  readonly audience?: string
  /** Higher stays longer when not all fits. Default 0 for each. */
  readonly priorityOf?: (flag: string) => number
}

/** A token, or none when not even one decision fits or nothing can sign; and how many decisions were shed. */
export interface SealedToken {
  readonly token?: string
  readonly shedCount: number
  readonly problem?: 'no_keys' | 'no_room'
}

/**
 * Seals a waybill into one opaque token (docs/wire-format.md). Sheds the decisions of lowest priority until it fits.
 *
 * @example
 * ```ts
 * const keys = keyRing({ signing: { id: 'k1', secret: Buffer.alloc(32, 1) } })
 * const waybill = createWaybill({ decisions: [{ flag: 'new-order-flow', variation: 'canary', value: true }] })
 * const { token = '' } = sealToken(waybill, keys)
 * openToken(token, keys) // { waybill }
 * ```
 */
export function sealToken(waybill: Waybill, keys: KeyRing, options: SealOptions = {}): SealedToken {
  const { signer } = keys
  if (signer === undefined) return { shedCount: 0, problem: 'no_keys' }
  const maxBytes = Math.min(options.maxBytes ?? DEFAULT_BUDGET_BYTES, MAX_TOKEN_BYTES)
  const originals = CarriedWaybill.originalsOf(waybill)
  const decidedAtSeconds = waybill.decidedAtSeconds
  const extras = [...(originals?.extras ?? [])]
  if (options.audience !== undefined) extras.push(`a${escapeText(options.audience).replaceAll('.', '%2E')}`)

  const entries: Entry[] = []
  for (const decision of waybill.decisions.values()) {
    const { flag } = decision
    entries.push({ flag, text: originals?.entries.get(flag) ?? encodeEntry(decision, decidedAtSeconds) })
  }
  /** What is signed when these entries are kept and the others shed. */
  const join = (kept: readonly Entry[]): string => {
    const dropped = waybill.droppedCount + entries.length - kept.length
    return joinToken({
      keyId: signer.id,
      decidedAtSeconds,
      subject: waybill.subject ?? '',
      extras: dropped === 0 ? extras : [...extras, `d${dropped}`],
      entries: kept.map((entry) => entry.text),
    })
  }
  const seal = (signed: string): string => `${signed}.${signer.sign('decisions', signed)}`

  const room = maxBytes - 1 - SIGNATURE_LENGTH
  const whole = join(entries)
  if (whole.length <= room && entries.length <= MAX_FLAGS) return { token: seal(whole), shedCount: 0 }
  const kept = keepWhatFits(entries, room - join([]).length, options.priorityOf)
  if (kept.length === 0) return { shedCount: 0, problem: 'no_room' }
  return { token: seal(join(kept)), shedCount: entries.length - kept.length }
}

interface Entry {
  readonly flag: string
  readonly text: string
}

/** The most important entries that fit, in their order; the marker of what was dropped is in the room already. */
function keepWhatFits(
  entries: readonly Entry[],
  room: number,
  priorityOf: (flag: string) => number = () => 0,
): readonly Entry[] {
  let size = -1
  for (const entry of entries) size += entry.text.length + 1
  const kept = new Set(entries)
  // Lowest priority first; among equals the last one, so that the order of declaration is the order of importance.
  const byPriority = entries
    .map((entry, index) => ({ entry, index, priority: priorityOf(entry.flag) }))
    .sort((a, b) => a.priority - b.priority || b.index - a.index)
  for (const { entry } of byPriority) {
    if (size <= room && kept.size <= MAX_FLAGS) break
    kept.delete(entry)
    size -= entry.text.length + 1
  }
  return entries.filter((entry) => kept.has(entry))
}
