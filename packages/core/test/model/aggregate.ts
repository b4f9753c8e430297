import { runWithWaybill } from '../../src/current.ts'
import { type MergePolicy, mergeWaybills } from '../../src/merge.ts'
import type { Waybill } from '../../src/waybill.ts'
import { seededRandom } from '../fuzz/random.ts'
import type { Outbox } from './outbox.ts'
import { type Cargo, type Receiver, ScopeModel, type Sealed } from './scope-model.ts'
import type { World } from './world.ts'

/** What an aggregator keeps of a record. */
export interface Handled {
  readonly waybill: Waybill | undefined
  readonly scope: ScopeModel
}

const POLICIES: readonly MergePolicy[] = ['newest', 'oldest', 'highest-version', 'omit']

/** Fan-in: what is sent for all records of a batch carries their decisions, merged by a policy. */
export async function aggregate(
  world: World,
  name: string,
  receiver: Receiver,
  handled: readonly Handled[],
  outboxes: readonly Outbox[],
): Promise<void> {
  const random = seededRandom(world.plan.seed, 6_000_000 + world.scheduler.steps)
  const cargos = handled.flatMap(({ scope }) => {
    const cargo = scope.cargo()
    return cargo.kind === 'decisions' ? [cargo] : []
  })
  const waybills = handled.flatMap(({ waybill }) => waybill ?? [])
  if (waybills.length !== cargos.length) world.blame('wrong', `${name}: a record has a waybill too many, or none`)
  if (waybills.length === 0 || waybills.length !== cargos.length) return
  const policy = random.pick(POLICIES)
  const { cargo, conflicts } = mergedCargo(cargos, policy)
  if (conflicts > 0) world.expect('merge_conflict', conflicts)
  const scope = new ScopeModel(receiver, { kind: 'nothing' }, cargo.attempt.subject, cargo)
  world.say(() => `${name} merges ${waybills.length} waybills, ${policy}`)
  await runWithWaybill(mergeWaybills(waybills, policy), async () => {
    for (const outbox of outboxes) await outbox.send(scope, cargo.attempt, random)
  })
}

type Decisions = Extract<Cargo, { kind: 'decisions' }>

/** Several records' decisions made one, by the rules of fan-in; and on how many flags they disagreed. */
function mergedCargo(parts: readonly Decisions[], policy: MergePolicy): { cargo: Decisions; conflicts: number } {
  const flags = new Map<string, Sealed>()
  let conflicts = 0
  for (const flag of new Set(parts.flatMap((part) => [...part.flags.keys()]))) {
    const all = parts.flatMap((part) => part.flags.get(flag) ?? [])
    const disagree = new Set(all.map(({ variation }) => variation)).size > 1
    if (disagree) conflicts += 1
    if (disagree && policy === 'omit') continue
    const [winner] = all.toSorted(by(policy))
    // Of those that say the same, the oldest: a merge makes nothing younger.
    const [oldest] = all.filter(({ variation }) => variation === winner?.variation).toSorted(by('oldest'))
    if (oldest !== undefined) flags.set(flag, oldest)
  }
  const subjects = new Set(parts.map(({ attempt }) => attempt.subject))
  const subject = subjects.size === 1 ? parts[0]?.attempt.subject : undefined
  const dropped = parts.reduce((sum, part) => sum + part.dropped, 0)
  return { cargo: { kind: 'decisions', attempt: { id: -1, subject }, flags, dropped }, conflicts }
}

/** The best first; among equals the order of the parts. */
function by(policy: MergePolicy): (a: Sealed, b: Sealed) => number {
  switch (policy) {
    case 'newest':
      return (a, b) => b.decidedAtSeconds - a.decidedAtSeconds
    case 'oldest':
      return (a, b) => a.decidedAtSeconds - b.decidedAtSeconds
    case 'highest-version':
      return (a, b) => b.version - a.version
    case 'omit':
      return () => 0
  }
}
