import { Population } from './population.ts'
import type { Scenario } from './scenario.ts'
import { type Minute, mOfN, type Tally, WATCHERS } from './watchers.ts'

/** How a judge fared over many runs of one scenario. */
export interface Fared {
  readonly judge: string
  /** Share of the runs that it rolled back. */
  readonly rolledBack: number
  /** Of those runs. `NaN` without any. */
  readonly medianMinutes: number
  /** Users whom the canary failed until then, or until the end. */
  readonly medianUsersHurt: number
}

export interface CompareOptions {
  readonly runs: number
  readonly seed: number
  /** The canary's share of users, or of requests, all the time. */
  readonly share: number
  readonly alpha: number
}

/** CodeDeploy's way: the alias splits requests, and the alarm sees the function's errors, of both versions together. */
const WEIGHTED_ALIASES: Readonly<Record<string, readonly [number, number]>> = {
  'weighted alias, alarm 1 of 1': [1, 1],
  'weighted alias, alarm 3 of 5': [3, 5],
}
export const WEIGHTED_ALIAS = 'weighted alias, alarm 1 of 1'

/**
 * Holds judges against each other on the same users and the same requests: a canary at a constant share, split by user;
 * and last the weighted alias, which splits by request.
 */
export function compareJudges(scenario: Scenario, options: CompareOptions): readonly Fared[] {
  const names = [...Object.keys(WATCHERS), ...Object.keys(WEIGHTED_ALIASES)]
  const runs = Array.from({ length: options.runs }, (_, run) => runOnce(scenario, options, options.seed + run))
  return names.map((judge, index) => {
    const ends = runs.map((run) => run[index] as RunEnd)
    const fired = ends.filter(({ minute }) => minute !== undefined)
    return {
      judge,
      rolledBack: fired.length / ends.length,
      medianMinutes: median(fired.map(({ minute = 0 }) => minute + 1)),
      medianUsersHurt: median(ends.map(({ usersHurt }) => usersHurt)),
    }
  })
}

interface RunEnd {
  minute: number | undefined
  usersHurt: number
}

function runOnce(scenario: Scenario, { share, alpha }: CompareOptions, seed: number): readonly RunEnd[] {
  const population = new Population(scenario, seed)
  const expected = expectedErrorRate(scenario)
  const watchers = Object.values(WATCHERS).map((make) => make(expected, alpha))
  const aliasAlarms = Object.values(WEIGHTED_ALIASES).map(([bad, of]) => mOfN(bad, of))
  const ends: RunEnd[] = [...watchers, ...aliasAlarms].map(() => ({ minute: undefined, usersHurt: 0 }))
  const errored = new Set<number>()
  const hurt = new Set<number>()
  const hurtByAlias = new Set<number>()
  for (let minute = 0; minute < scenario.minutes; minute += 1) {
    const tallies = { canary: tally(), control: tally() }
    let aliasErrors = 0
    let requests = 0
    for (const request of population.minute(minute)) {
      requests += 1
      const canary = request.bucket < share
      const one = canary ? tallies.canary : tallies.control
      const killed = canary && request.kills
      const failed = canary ? request.failsCanary : request.failsControl
      one.requests += 1
      if (failed || killed) one.errors += 1
      if (killed) one.killed += 1
      // Who was killed could not say for whom.
      if (failed && !killed && !errored.has(request.user)) {
        one.users += 1
        errored.add(request.user)
      }
      const harms = (request.failsCanary && !request.failsControl) || request.kills
      if (canary && harms) hurt.add(request.user)
      const byAlias = request.dice < share
      if (byAlias ? request.failsCanary || request.kills : request.failsControl) aliasErrors += 1
      if (byAlias && harms) hurtByAlias.add(request.user)
    }
    const seen: Minute = { share, ...tallies }
    for (const [index, watch] of watchers.entries()) close(ends[index], minute, hurt.size, () => watch(seen))
    for (const [index, watch] of aliasAlarms.entries()) {
      const end = ends[watchers.length + index]
      close(end, minute, hurtByAlias.size, () => watch(aliasErrors / requests > 2 * expected))
    }
  }
  return ends
}

/** Harm is counted until a judge ends it. */
function close(end: RunEnd | undefined, minute: number, usersHurt: number, fires: () => boolean): void {
  if (end === undefined || end.minute !== undefined) return
  end.usersHurt = usersHurt
  if (fires()) end.minute = minute
}

/** What somebody who sets an alarm knows: the long-run rate of control. */
function expectedErrorRate({ errorRate, fragileUsers, fragileErrorRate }: Scenario): number {
  return errorRate + fragileUsers * fragileErrorRate
}

function tally(): { -readonly [field in keyof Tally]: Tally[field] } {
  return { requests: 0, errors: 0, killed: 0, users: 0 }
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
