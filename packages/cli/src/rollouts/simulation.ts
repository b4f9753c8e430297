import type { CheckedPlan } from '@waybill/rollout'
import {
  type CompareOptions,
  compareJudges,
  type Fared,
  median,
  type RunResult,
  runRollout,
  type Scenario,
} from '@waybill/rollout/simulation'
import { Failure } from '../failure.ts'
import { timetableOf } from './timetable.ts'

export interface Simulated {
  readonly plan: CheckedPlan
  readonly scenario: Scenario
  readonly runs: number
  readonly seed: number
  /** Shares of the runs. */
  readonly rolledBack: number
  readonly complete: number
  readonly unfinished: number
  /** Of the runs that ended so; `null` without any. */
  readonly medianMinutesToRollback: number | null
  readonly medianMinutesToComplete: number | null
  readonly medianUsersHurt: number
  /** The run of the seed itself. */
  readonly timeline: RunResult
  /** Judges at the share of the first step, all the time; empty where there is nothing to compare. */
  readonly others: readonly Other[]
  readonly othersShare: number
  readonly notes: readonly string[]
}

/** Another judge on the same traffic. */
export interface Other extends Fared {
  /** Share of the runs in which it rolls back a canary that fails as control does. */
  readonly rolledBackHarmless: number
}

/** Some microseconds each: what is above takes longer than anybody waits. */
const MAX_REQUESTS = 1e8

/** Runs a plan so many times, each with a seed of its own, and other judges on the same traffic. */
export function simulate(
  given: CheckedPlan,
  scenario: Scenario,
  { runs, seed, progress }: { readonly runs: number; readonly seed: number; readonly progress: (what: string) => void },
): Simulated {
  const requests = runs * scenario.minutes * scenario.requestsPerMinute
  if (requests > MAX_REQUESTS) {
    const message = `That is ${requests.toExponential(1)} requests to simulate, at most ${MAX_REQUESTS.toExponential(0)} are: say fewer --runs, --minutes or --requests-per-minute`
    throw new Failure('bad_input', message)
  }
  const { plan, notes } = simulable(given, scenario)
  const results = Array.from({ length: runs }, (_, run) => {
    progress(`run ${run + 1} of ${runs}`)
    return runRollout(plan, scenario, seed + run)
  })
  const ended = (outcome: RunResult['outcome']): readonly RunResult[] =>
    results.filter((one) => one.outcome === outcome)
  const minutesOf = (ends: readonly RunResult[]): number | null =>
    ends.length === 0 ? null : median(ends.map(({ minute }) => minute + 1))
  const [rolledBack, complete] = [ended('rolled-back'), ended('complete')]
  const share = (plan.steps[0]?.percent ?? 100) / 100
  progress('the other judges')
  const others = share < 1 ? othersOn(scenario, { runs, seed, share, alpha: plan.alpha }) : []
  progress('')
  return {
    ...{ plan, scenario, runs, seed, notes },
    rolledBack: rolledBack.length / runs,
    complete: complete.length / runs,
    unfinished: ended('unfinished').length / runs,
    medianMinutesToRollback: minutesOf(rolledBack),
    medianMinutesToComplete: minutesOf(complete),
    medianUsersHurt: median(results.map(({ usersHurt }) => usersHurt)),
    timeline: results[0] ?? runRollout(plan, scenario, seed),
    others,
    othersShare: share,
  }
}

/** How fast a judge is says nothing without how often it is wrong. */
function othersOn(scenario: Scenario, options: CompareOptions): readonly Other[] {
  const fared = compareJudges(scenario, options)
  const isHarmless = scenario.ratio === 1 && scenario.kills === 0
  const harmless = isHarmless ? fared : compareJudges({ ...scenario, ratio: 1, kills: 0 }, options)
  return fared.map((one, index) => ({ ...one, rolledBackHarmless: harmless[index]?.rolledBack ?? 0 }))
}

/** As long as the plan takes, and a while for what is late. */
export function minutesFor(plan: CheckedPlan): number {
  return Math.ceil(timetableOf(plan).completeAfterMinutes) + 10
}

/** What the simulated world has not: nobody approves there, and nobody is slow. */
function simulable(plan: CheckedPlan, { kills }: Scenario): { plan: CheckedPlan; notes: readonly string[] } {
  const kinds = plan.guardrails.map(({ kind }) => kind)
  const notes = [
    ...(plan.approvals.length > 0 ? ['Approvals are taken as given at once.'] : []),
    ...(kinds.includes('slow-users') ? ['Nobody is slow in it: that guardrail never speaks.'] : []),
    ...(kills > 0 && !kinds.includes('unfinished')
      ? ['What is killed counts no error: only --max-unfinished-percent sees it, and the plan has none.']
      : []),
  ]
  return { plan: { ...plan, approvals: [] }, notes }
}
