import type { Decision } from './decision.ts'
import { entryWithTime } from './token/format-1.ts'
import { CarriedWaybill } from './token/originals.ts'
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
 * Conflicts (another variation for one flag) are settled by `policy`, ties by the order of `waybills`, and named in the
 * result. What is kept keeps its moment of decision: of several of one variation, the oldest.
 *
 * @example
 * ```ts
 * const at = (variation: string, decidedAtSeconds: number) =>
 *   createWaybill({ decidedAtSeconds, decisions: [{ flag: 'x', variation, value: variation }] })
 * mergeWaybills([at('a', 1), at('b', 2)], 'newest').waybill.decisions.get('x')?.variation // 'b'
 * ```
 */
export function mergeWaybills(waybills: readonly Waybill[], policy: MergePolicy): MergedWaybill {
  const candidates = new Map<string, Decision[]>()
  for (const { decisions: part } of waybills) {
    for (const [flag, decision] of part) {
      const others = candidates.get(flag)
      if (others === undefined) candidates.set(flag, [decision])
      else others.push(decision)
    }
  }
  const decisions = new Map<string, Decision>()
  const conflicts: string[] = []
  for (const [flag, all] of candidates) {
    const agreed = all.every(({ variation }) => variation === all[0]?.variation)
    if (!agreed) conflicts.push(flag)
    if (!agreed && policy === 'omit') continue
    // First who wins, among all of them, then since when: so that the order of the parts is no difference.
    const { variation } = best(all, policy)
    const moments = all.filter((one) => one.variation === variation)
    decisions.set(flag, best(moments, 'oldest'))
  }
  const subject = waybills[0]?.subject
  const same = waybills.every((one) => one.subject === subject)
  const dropped = waybills.reduce((sum, one) => sum + one.droppedCount, 0)
  const waybill = waybillOf(decisions, same ? subject : undefined, dropped)
  const entries = originalEntries(waybill, waybills)
  return { waybill: new CarriedWaybill(waybill, { extras: [], entries }), conflicts }
}

/** The first of the best. */
function best(all: readonly Decision[], policy: MergePolicy): Decision {
  return all.reduce((held, challenger) => (wins(challenger, held, policy) ? challenger : held))
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
    for (const [flag, text] of CarriedWaybill.originalsOf(part)?.entries ?? []) {
      if (merged.decisions.get(flag) !== part.decisions.get(flag)) continue
      texts.set(flag, entryWithTime(text, part.decidedAtSeconds, merged.decidedAtSeconds))
    }
  }
  return texts
}
