import { resumed } from '../interventions.ts'
import type { Observations } from '../judge.ts'
import type { CheckedPlan } from '../plan.ts'
import { type RolloutState, startState, type UserCount } from '../state.ts'
import { tick } from '../transition.ts'
import { Population, type Request } from './population.ts'
import type { Scenario } from './scenario.ts'

/** What became of a simulated rollout. */
export interface RunResult {
  readonly outcome: 'complete' | 'rolled-back' | 'unfinished'
  /** When it was rolled back, or complete. */
  readonly minute: number
  /** Users with a request that failed in the canary and would not have failed in control. */
  readonly usersHurt: number
  readonly trace: readonly MinuteTrace[]
}

export interface MinuteTrace {
  readonly minute: number
  readonly percent: number
  readonly words: readonly string[]
}

const MINUTE_MS = 60_000
/** So many users stand behind one who is counted as seen. */
const SEEN_ONE_IN = 10

/**
 * Runs a plan against a scenario: real judge, real transitions, simulated users. The same seed gives the same users and
 * the same requests.
 */
export function runRollout(plan: CheckedPlan, scenario: Scenario, seed: number): RunResult {
  const population = new Population(scenario, seed)
  const world = new World(plan)
  const trace: MinuteTrace[] = []
  let state = world.write(startState(plan, 0), plan.steps[0]?.percent ?? 0)
  let percent = plan.steps[0]?.percent ?? 0
  for (let minute = 0; minute < scenario.minutes; minute += 1) {
    for (const request of population.minute(minute)) world.handle(request, minute, percent)
    const nowMs = (minute + 1) * MINUTE_MS
    if (scenario.interruption?.rollBackAt === minute) {
      state = { ...state, phase: 'rolled-back', approvedUntilPercent: 0 }
      percent = 0
    } else if (scenario.interruption?.resumeAt === minute) {
      state = resumed(plan, state, nowMs)
      percent = plan.steps[0]?.percent ?? 0
      state = world.write(state, percent)
    }
    const observations = world.observed(minute, nowMs - plan.lagMinutes * MINUTE_MS)
    // As the controller does: no minute is judged before its numbers are there, and none twice.
    if (observations.untilMs <= state.judgedUntilMs) {
      trace.push({ minute, percent, words: [] })
      continue
    }
    const moved = tick(plan, state, observations, nowMs)
    state = moved.state
    if (moved.percent !== percent && state.phase !== 'rolled-back') state = world.write(state, moved.percent)
    percent = moved.percent
    trace.push({ minute, percent, words: moved.findings.map(({ words }) => words) })
    const over = state.phase === 'complete' || (state.phase === 'rolled-back' && !interrupted(scenario, minute))
    if (over)
      return { outcome: state.phase === 'complete' ? 'complete' : 'rolled-back', minute, ...world.harm(), trace }
  }
  return { outcome: 'unfinished', minute: scenario.minutes, ...world.harm(), trace }
}

function interrupted({ interruption }: Scenario, minute: number): boolean {
  return interruption !== undefined && minute >= interruption.rollBackAt && minute < interruption.resumeAt
}

/** What the stores and CloudWatch would hold: nothing here knows what is wrong with the canary. */
class World {
  readonly #plan: CheckedPlan
  #version = 0
  /** Each user counts once, whatever the variation and the attempt: a consumer knows of neither. */
  readonly #counted = { error: new Set<number>(), seen: new Set<number>() }
  readonly #users = new Map<string, UserCount>()
  readonly #hurt = new Set<number>()
  readonly #minutes = new Map<number, { started: number; finished: number; errors: number }>()
  readonly #late = new Map<number, (() => void)[]>()

  constructor(plan: CheckedPlan) {
    this.#plan = plan
  }

  /** A new flag version, with the canary's percentage that it stands for. */
  write(state: RolloutState, percent: number): RolloutState {
    this.#version += 1
    return { ...state, percentByVersion: { ...state.percentByVersion, [this.#version]: percent } }
  }

  handle(request: Request, minute: number, percent: number): void {
    const bucketed = !request.isTester
    const canary = request.isTester || request.bucket * 100 < percent
    const version = this.#version
    const act = (): void => this.#consume(request, { canary, bucketed, version, minute })
    if (request.handledAfterMinutes === 0) act()
    else {
      const due = minute + request.handledAfterMinutes
      const waiting = this.#late.get(due)
      if (waiting === undefined) this.#late.set(due, [act])
      else waiting.push(act)
    }
  }

  /** Users as they are counted now, and the minutes that are believed to be complete. */
  observed(minute: number, untilMs: number): Observations & { readonly users: readonly UserCount[] } {
    for (const act of this.#late.get(minute) ?? []) act()
    this.#late.delete(minute)
    const users = [...this.#users.values()]
    const minutes = [...this.#minutes].map(([at, counts]) => ({ minuteMs: at * MINUTE_MS, ...counts }))
    return {
      untilMs,
      users,
      minutes: minutes.filter(({ minuteMs }) => minuteMs < untilMs).slice(-10),
      seenOneIn: SEEN_ONE_IN,
    }
  }

  harm(): { readonly usersHurt: number } {
    return { usersHurt: this.#hurt.size }
  }

  #consume(
    request: Request,
    decided: {
      readonly canary: boolean
      readonly bucketed: boolean
      readonly version: number
      readonly minute: number
    },
  ): void {
    // A refused stamp runs the declared default, which no judge counts.
    const runsCanary = decided.canary && !request.losesStamp
    const failed = runsCanary ? request.failsCanary : request.failsControl
    if (runsCanary && (request.kills || (failed && !request.failsControl)) && !request.isTester)
      this.#hurt.add(request.user)
    if (runsCanary) this.#count(decided.minute, failed, request.kills)
    if (request.losesStamp || !decided.bucketed) return
    const variation = runsCanary ? this.#plan.canary : this.#plan.control
    if (request.user % SEEN_ONE_IN === 0) this.#countUser('seen', request.user, variation, decided.version)
    // Who was killed could not say for whom.
    if (failed && !(runsCanary && request.kills)) this.#countUser('error', request.user, variation, decided.version)
  }

  #countUser(kind: 'error' | 'seen', user: number, variation: string, version: number): void {
    if (this.#counted[kind].has(user)) return
    this.#counted[kind].add(user)
    const key = `${kind} ${variation} ${version}`
    const before = this.#users.get(key)?.users ?? 0
    this.#users.set(key, { kind, variation, version, users: before + 1 })
  }

  #count(minute: number, failed: boolean, killed: boolean): void {
    const counts = this.#minutes.get(minute) ?? { started: 0, finished: 0, errors: 0 }
    counts.started += 1
    if (!killed) counts.finished += 1
    if (!killed && failed) counts.errors += 1
    this.#minutes.set(minute, counts)
  }
}
