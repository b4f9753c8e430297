import type { Decision } from './decision.ts'
import { entryWithTime } from './token/format-1.ts'
import { originalsOf, rememberOriginals } from './token/originals.ts'
import { type Waybill, waybillOf } from './waybill.ts'

/** What to do when two waybills decide one flag differently. There is no default: the aggregator must say. */
export type MergePolicy = 'newest' | 'oldest' | 'highest-version' | 'omit'

/** A merged waybill, and the flags on which its parts disagreed. */
export interface MergedWaybill {
  readonly waybill: Waybill
  readonly conflicts: readonly string[]
}

/**
 * Fan-in, made explicit: one waybill out of several. The subject survives only where all parts have the same.
 * Conflicts (another variation for one flag) are settled by `policy` and named in the result.
 *
 * @example
 * ```ts
 * const at = (variation: string, decidedAtSeconds: number) =>
 *   createWaybill({ decidedAtSeconds, decisions: [{ flag: 'x', variation, value: variation }] })
 * mergeWaybills([at('a', 1), at('b', 2)], 'newest').waybill.decisions.get('x')?.variation // 'b'
 * ```
 */
export function mergeWaybills(waybills: readonly Waybill[], policy: MergePolicy): MergedWaybill {
  const decisions = new Map<string, Decision>()
  const conflicts = new Set<string>()
  for (const { decisions: part } of waybills) {
    for (const [flag, decision] of part) {
      const held = decisions.get(flag)
      if (held === undefined) decisions.set(flag, decision)
      else if (held.variation === decision.variation) decisions.set(flag, older(held, decision))
      else {
        conflicts.add(flag)
        if (wins(decision, held, policy)) decisions.set(flag, decision)
      }
    }
  }
  if (policy === 'omit') for (const flag of conflicts) decisions.delete(flag)
  const subject = waybills[0]?.subject
  const same = waybills.every((one) => one.subject === subject)
  const dropped = waybills.reduce((sum, one) => sum + one.droppedCount, 0)
  const waybill = waybillOf(decisions, same ? subject : undefined, dropped)
  rememberOriginals(waybill, { extras: [], entries: originalEntries(waybill, waybills) })
  return { waybill, conflicts: [...conflicts] }
}

function older(a: Decision, b: Decision): Decision {
  return b.decidedAtSeconds < a.decidedAtSeconds ? b : a
}

function wins(challenger: Decision, held: Decision, policy: MergePolicy): boolean {
  if (policy === 'newest') return challenger.decidedAtSeconds > held.decidedAtSeconds
  if (policy === 'oldest') return challenger.decidedAtSeconds < held.decidedAtSeconds
  if (policy === 'highest-version') return challenger.version > held.version
  return false
}

/** The entry texts of what was kept, each with its own time where the merged token's is another. */
function originalEntries(merged: Waybill, parts: readonly Waybill[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const part of parts) {
    for (const [flag, text] of originalsOf(part)?.entries ?? []) {
      if (merged.decisions.get(flag) !== part.decisions.get(flag)) continue
      texts.set(flag, entryWithTime(text, part.decidedAtSeconds, merged.decidedAtSeconds))
    }
  }
  return texts
}
