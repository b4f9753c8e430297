import { type CarryOutOptions, carryOut, noted } from './carry-out.ts'
import type { RolloutEventType } from './events.ts'
import { percentIn, sidesIn } from './flag-share.ts'
import type { Finding, Verdict } from './judge.ts'
import { type ObservingOptions, observe } from './observing.ts'
import type { CheckedPlan } from './plan.ts'
import { isOver, type Phase, type RolloutState } from './state.ts'
import { changed, planOf, type RolloutChange, type RolloutStore, type StoredRollout } from './stored-rollout.ts'
import { tick } from './transition.ts'

export interface TickOptions extends ObservingOptions, CarryOutOptions {}

/** What one tick made of one rollout. */
export interface TickReport {
  readonly flag: string
  readonly rollout: string
  /** `superseded`: another tick, or a human, was faster. `nothing-new`: no minute has passed since. */
  readonly outcome: 'judged' | 'nothing-new' | 'superseded' | 'failed'
  readonly verdict?: Verdict
  readonly phase: Phase
  readonly percent: number
  readonly reasons: readonly string[]
}

const MINUTE_MS = 60_000
export const WHO = 'rollout controller'

/** One tick of one rollout: first what is left to do, then the judge, then what it decided. */
export async function tickRollout(options: TickOptions, found: StoredRollout): Promise<TickReport> {
  const { store, nowMs } = options
  const before = await carryOut(options, found)
  if (before === undefined) return report(found, 'superseded')
  const plan = planOf(before)
  const untilMs = Math.floor((nowMs() - plan.lagMinutes * MINUTE_MS) / MINUTE_MS) * MINUTE_MS
  // By the clock of whoever started or resumed it: nobody would judge until this one has caught up.
  const aheadMs = before.state.judgedUntilMs - nowMs()
  if (isOver(before.state) || (untilMs <= before.state.judgedUntilMs && aheadMs <= 0)) {
    return report(before, 'nothing-new')
  }
  const flag = await flagNow(store, plan, before)
  const current =
    flag.version === undefined || flag.percent === undefined ? before : withVersion(before, flag.version, flag.percent)
  const atMs = nowMs()
  const { observations, faults } = await observe(options, plan, untilMs)
  const { verdict, findings, state } = tick(plan, current.state, observations, atMs)
  const last = { atMs, verdict, findings }
  const ahead =
    aheadMs > 0 ? [`it was begun ${Math.ceil(aheadMs / 1000)} s ahead of this clock: no step ends before`] : []
  const words = [...findings.map((finding) => finding.words), ...faults, ...ahead]
  const runs = state.phase !== 'paused' && state.phase !== 'frozen' && state.phase !== 'rolled-back'
  if (flag.fault !== undefined && runs) {
    const reasons = [flag.fault, ...words]
    // No more than it has, so that a step that was not set is not set by the pause; who resumes begins the step again.
    const approvedUntilPercent = Math.min(current.state.approvedUntilPercent, current.flagPercent)
    const pausedState: RolloutState = { ...current.state, phase: 'paused', approvedUntilPercent }
    const author = { who: WHO, comment: flag.fault }
    return putChange(
      options,
      current,
      { state: pausedState, action: 'pause', events: ['Rollout Paused'], author, reasons, last },
      'hold',
    )
  }
  const step = stepOf(plan, current.state, state)
  if (step === undefined) {
    const next: StoredRollout = { ...current, version: current.version + 1, state, last }
    const outcome = await store.put('rollouts', next, { ifVersion: current.version })
    return outcome === 'stale' ? report(before, 'superseded') : report(next, 'judged', { verdict, reasons: words })
  }
  const author = { who: WHO, comment: reasonFor(verdict, findings) }
  return putChange(options, current, { state, ...step, author, reasons: words, last }, verdict)
}

/** Writes a change, and does it. */
export async function putChange(
  options: TickOptions,
  before: StoredRollout,
  change: RolloutChange,
  verdict: Verdict,
): Promise<TickReport> {
  const { store, nowMs } = options
  const next = changed(before, change, nowMs())
  const outcome = await store.put('rollouts', next, { ifVersion: before.version })
  const done = outcome === 'written' ? await carryOut(options, next) : undefined
  if (outcome === 'stale') return report(before, 'superseded')
  return report(done ?? next, 'judged', { verdict, reasons: change.reasons })
}

interface FlagNow {
  readonly version?: number
  readonly percent?: number | undefined
  /** Why it is not as this rollout left it. */
  readonly fault?: string
}

async function flagNow(store: RolloutStore, plan: CheckedPlan, rollout: StoredRollout): Promise<FlagNow> {
  const { flagPercent, state } = rollout
  const flag = await store.get('features', plan.flag)
  if (flag === undefined || flag.deleted) return { fault: `${plan.flag} was deleted by somebody else` }
  const { version } = flag
  if (flag.on !== true) return { fault: `${plan.flag} was turned off by somebody else, at version ${version}` }
  const sides = sidesIn(flag, plan)
  if (sides === undefined)
    return { fault: `${plan.flag} has lost ${plan.canary} or ${plan.control}, at version ${version}` }
  const percent = percentIn(flag, sides)
  // Less than what the step has where it could not be set when the step began.
  const expected = state.approvedUntilPercent
  if (percent === flagPercent && percent !== expected) {
    return { version, percent, fault: `${plan.flag} has ${percent} % for ${plan.canary} instead of ${expected} %` }
  }
  if (percent === flagPercent) return { version, percent }
  const has = percent === undefined ? 'another fallthrough' : `${percent} % for ${plan.canary}`
  const fault = `${plan.flag} has ${has} by somebody else, at version ${version}, instead of ${flagPercent} %`
  return { version, percent, fault }
}

/** Somebody may have edited targets or rules: the share stays, under another version. */
function withVersion(rollout: StoredRollout, version: number, percent: number): StoredRollout {
  return { ...noted(rollout, version, percent), flagPercent: rollout.flagPercent }
}

/** What a tick changed that others have to know; `undefined` when only numbers did. */
function stepOf(
  plan: CheckedPlan,
  before: RolloutState,
  after: RolloutState,
): Pick<RolloutChange, 'action' | 'events'> | undefined {
  const told = (action: string, ...events: RolloutEventType[]) => ({ action, events })
  if (after.phase === 'rolled-back') return told('roll back', 'Rollout Rolled Back')
  if (after.phase === 'complete') return told('complete', 'Rollout Complete')
  if (after.step !== before.step) {
    const [from, to] = [plan.steps[before.step]?.percent, plan.steps[after.step]?.percent]
    return told(`step ${after.step + 1} of ${plan.steps.length}: ${from} % -> ${to} %`, 'Rollout Step Entered')
  }
  if (after.phase === before.phase) return undefined
  if (after.phase === 'frozen') return told('freeze', 'Rollout Frozen')
  return told(`wait for an approval of step ${after.step + 2}`, 'Rollout Approval Wanted')
}

/** What an audit entry says for the judge: of a rollback what broke, of all else everything. */
function reasonFor(verdict: Verdict, findings: readonly Finding[]): string {
  const broken = findings.filter(({ value, limit }) => value !== undefined && limit !== undefined && value >= limit)
  const said = verdict === 'roll-back' && broken.length > 0 ? broken : findings
  return `${verdict}: ${said.map(({ words }) => words).join('; ') || 'nothing speaks against it'}`
}

export function report(
  { key, plan, state, flagPercent }: StoredRollout,
  outcome: TickReport['outcome'],
  more: { readonly verdict?: Verdict; readonly reasons?: readonly string[] } = {},
): TickReport {
  const { verdict, reasons = [] } = more
  const said = { flag: key, rollout: plan.id, outcome, phase: state.phase, percent: flagPercent, reasons }
  return verdict === undefined ? said : { ...said, verdict }
}
