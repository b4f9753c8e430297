import type { Decision } from '../decision.ts'
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
  const tokenSeconds = waybill.decidedAtSeconds
  const extras = [...(originals?.extras ?? [])]
  if (options.audience !== undefined) extras.push(`a${escapeText(options.audience).replaceAll('.', '%2E')}`)

  const entries: Entry[] = []
  for (const decision of waybill.decisions.values()) entries.push(entryOf(decision, tokenSeconds, originals?.entries))
  const seal = (kept: readonly Entry[]): string => {
    const dropped = waybill.droppedCount + entries.length - kept.length
    const signed = joinToken({
      keyId: signer.id,
      decidedAtSeconds: tokenSeconds,
      subject: waybill.subject ?? '',
      extras: dropped === 0 ? extras : [...extras, `d${dropped}`],
      entries: kept.map((entry) => entry.text),
    })
    return `${signed}.${signer.sign('decisions', signed)}`
  }
  // The empty token is measured, not sealed: its signature has a fixed length.
  const emptyLength = joinToken({
    keyId: signer.id,
    decidedAtSeconds: tokenSeconds,
    subject: waybill.subject ?? '',
    extras,
    entries: [],
  }).length
  const room = maxBytes - emptyLength - 1 - SIGNATURE_LENGTH
  // Room for the `dropped` marker is set aside where there will be one, now or once something is shed.
  const markedRoom = room - `~d${waybill.droppedCount + entries.length}`.length
  const kept = keepWhatFits(entries, waybill.droppedCount > 0 ? markedRoom : room, markedRoom, options.priorityOf)
  if (kept === undefined) return { shedCount: 0, problem: 'no_room' }
  return { token: seal(kept), shedCount: entries.length - kept.length }
}

interface Entry {
  readonly flag: string
  readonly text: string
}

function entryOf(decision: Decision, tokenSeconds: number, originals?: ReadonlyMap<string, string>): Entry {
  const { flag } = decision
  const original = originals?.get(flag)
  return { flag, text: original ?? encodeEntry(decision, tokenSeconds) }
}

/** The entries that stay: all of them in `room`, or the most important of them in `markedRoom`. */
function keepWhatFits(
  entries: readonly Entry[],
  room: number,
  markedRoom: number,
  priorityOf: (flag: string) => number = () => 0,
): readonly Entry[] | undefined {
  if (entries.length === 0) return room >= 0 ? entries : undefined
  let size = -1
  for (const entry of entries) size += entry.text.length + 1
  if (size <= room && entries.length <= MAX_FLAGS) return entries
  const kept = new Set(entries)
  // Lowest priority first; among equals the last one, so that the order of declaration is the order of importance.
  const byPriority = entries
    .map((entry, index) => ({ entry, index, priority: priorityOf(entry.flag) }))
    .sort((a, b) => a.priority - b.priority || b.index - a.index)
  for (const { entry } of byPriority) {
    if (size <= markedRoom && kept.size <= MAX_FLAGS) break
    kept.delete(entry)
    size -= entry.text.length + 1
  }
  return kept.size === 0 ? undefined : entries.filter((entry) => kept.has(entry))
}
