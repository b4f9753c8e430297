import { type AbsoluteGuardrail, isAbsolute, type MinuteCounts, readGuardrail } from './guardrails.ts'
import type { CheckedPlan, Guardrail } from './plan.ts'
import { isDue } from './schedule.ts'
import { sampleRatioP, strengthOf, withEvents } from './sequential.ts'
import type { RolloutState, UserCount } from './state.ts'

export type Verdict = 'advance' | 'hold' | 'roll-back' | 'complete'

/** One thing that the judge looked at: in words for people, in numbers for machines. */
export interface Finding {
  readonly about: Guardrail['kind'] | 'sample-ratio' | 'users' | 'schedule' | 'approval' | 'alarm' | 'data'
  readonly words: string
  /** The number that was held against the limit. */
  readonly value?: number
  readonly limit?: number
}

/** What was observed until `untilMs`: exact totals of this attempt's users, and the canary's last minutes. */
export interface Observations {
  readonly untilMs: number
  /** `undefined`: they could not be read, and nothing is concluded. */
  readonly users: readonly UserCount[] | undefined
  /** Of the canary. `undefined`: could not be read. */
  readonly minutes: readonly MinuteCounts[] | undefined
  /** Each counted user stands for so many (`seen` is a sample). Default 1. */
  readonly seenOneIn?: number
}

export interface Judgement {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  /** The state with what was learnt: evidence and totals. The verdict is carried out by the controller. */
  readonly state: RolloutState
}

/** Below this the users did not fall to the variations as decided: https://doi.org/10.1145/3292500.3330722 */
const SAMPLE_RATIO_P = 0.001
const MINUTE_MS = 60_000

/**
 * Judges a rollout. Pure: the same plan, state and observations give the same judgement, and totals that were counted
 * before add nothing, so a tick may be repeated. Data that cannot be read, or that contradicts itself, holds.
 *
 * @example
 * ```ts
 * const users = [
 *   { kind: 'error', variation: 'canary', version: 2, users: 9 },
 *   { kind: 'error', variation: 'control', version: 2, users: 3 },
 * ] as const
 * const state = { ...startState(plan, 0), percentByVersion: { 2: 10 } }
 * judge(plan, state, { untilMs: 60_000, users, minutes: [] }).verdict // 'roll-back'
 * ```
 */
export function judge(plan: CheckedPlan, state: RolloutState, observations: Observations): Judgement {
  const learnt = learn(plan, state, observations)
  const findings: Finding[] = strangers(state, observations)
  const broken = plan.guardrails.filter((guardrail) => isBroken(plan, guardrail, learnt, observations, findings))
  if (broken.length > 0) return { verdict: 'roll-back', findings, state: learnt }
  const verdict = doubts(plan, learnt, observations, findings) ? 'hold' : progress(plan, learnt, observations, findings)
  return { verdict, findings, state: learnt }
}

/** Adds to the evidence what is new since the last tick, each event at the share of its own flag version. */
function learn(plan: CheckedPlan, state: RolloutState, { users, untilMs }: Observations): RolloutState {
  if (users === undefined) return state
  const evidence = { ...state.evidence }
  for (const kind of ['error', 'slow'] as const) {
    for (const [version, percent] of Object.entries(state.percentByVersion)) {
      const fresh = (variation: string): number =>
        Math.max(
          0,
          total(users, kind, variation, Number(version)) - total(state.counted, kind, variation, Number(version)),
        )
      const events = { share: percent / 100, canary: fresh(plan.canary), control: fresh(plan.control) }
      evidence[kind] = withEvents(evidence[kind], events)
    }
  }
  const counted = users.filter(({ version }) => state.percentByVersion[version] !== undefined)
  return {
    ...state,
    evidence,
    counted: atLeast(counted, state.counted),
    judgedUntilMs: Math.max(untilMs, state.judgedUntilMs),
  }
}

/** Between two ticks somebody edited the flag more than once: nobody knows any more which share the users of then had. */
function strangers({ percentByVersion }: RolloutState, { users = [] }: Observations): Finding[] {
  const first = Math.min(...Object.keys(percentByVersion).map(Number))
  const unknown = users.filter(
    ({ kind, version }) => kind !== 'seen' && version > first && percentByVersion[version] === undefined,
  )
  if (unknown.length === 0) return []
  const versions = [...new Set(unknown.map(({ version }) => version))].join(', ')
  const value = unknown.reduce((sum, one) => sum + one.users, 0)
  return [
    { about: 'data', words: `${value} affected users are of flag versions ${versions}, which are not judged`, value },
  ]
}

/** Totals only grow: one that was read from an older replica takes nothing back. */
function atLeast(now: readonly UserCount[], before: readonly UserCount[]): readonly UserCount[] {
  const largest = new Map<string, UserCount>()
  for (const one of [...before, ...now]) {
    const name = `${one.kind} ${one.version} ${one.variation}`
    if (one.users >= (largest.get(name)?.users ?? 0)) largest.set(name, one)
  }
  return [...largest.values()]
}

function total(users: readonly UserCount[], kind: UserCount['kind'], variation: string, version?: number): number {
  let sum = 0
  for (const one of users) {
    if (one.kind === kind && one.variation === variation && (version === undefined || one.version === version)) {
      sum += one.users
    }
  }
  return sum
}

function isBroken(
  plan: CheckedPlan,
  guardrail: Guardrail,
  state: RolloutState,
  observations: Observations,
  findings: Finding[],
): boolean {
  if (isAbsolute(guardrail)) return isAbsolutelyBroken(guardrail, state, observations, findings)
  const kind = guardrail.kind === 'errored-users' ? 'error' : 'slow'
  const value = strengthOf(state.evidence[kind])
  const limit = 1 / (plan.alpha * guardrail.alphaShare)
  const canary = total(state.counted, kind, plan.canary)
  const control = total(state.counted, kind, plan.control)
  const what = kind === 'error' ? 'met an error' : 'were slow'
  const words = `${canary} users of ${plan.canary} and ${control} of ${plan.control} ${what}: evidence ${short(value)}, limit ${short(limit)}`
  findings.push({ about: guardrail.kind, words, value, limit })
  return value > limit
}

/** What an attempt before this one did is not held against it. */
function isAbsolutelyBroken(
  guardrail: AbsoluteGuardrail,
  { attemptSinceMs }: RolloutState,
  { minutes, untilMs }: Observations,
  findings: Finding[],
): boolean {
  if (minutes === undefined) return false
  const own = minutes.filter(({ minuteMs }) => minuteMs >= attemptSinceMs)
  const { broken, value, limit, words } = readGuardrail(guardrail, own, untilMs)
  findings.push({ about: guardrail.kind, words, value, limit })
  return broken
}

/** Reasons to stand still: no data, or data that contradicts itself. */
function doubts(plan: CheckedPlan, state: RolloutState, observations: Observations, findings: Finding[]): boolean {
  const before = findings.length
  const needsMinutes = plan.guardrails.some(isAbsolute)
  if (observations.users === undefined) findings.push({ about: 'data', words: 'affected users could not be read' })
  if (needsMinutes && observations.minutes === undefined)
    findings.push({ about: 'data', words: 'metrics could not be read' })
  const p = sampleRatioP(
    Object.entries(state.percentByVersion).map(([version, percent]) => ({
      share: percent / 100,
      canary: total(state.counted, 'seen', plan.canary, Number(version)),
      control: total(state.counted, 'seen', plan.control, Number(version)),
    })),
  )
  if (p < SAMPLE_RATIO_P) {
    const words = `users did not fall to ${plan.canary} and ${plan.control} as decided (p = ${p.toExponential(1)}): stamps are lost, or the edge is biased`
    findings.push({ about: 'sample-ratio', words, value: p, limit: SAMPLE_RATIO_P })
  }
  return findings.length > before
}

function progress(plan: CheckedPlan, state: RolloutState, observations: Observations, findings: Finding[]): Verdict {
  const isLast = state.step === plan.last
  const hold = (about: Finding['about'], words: string): Verdict => {
    findings.push({ about, words })
    return 'hold'
  }
  if (isLast && observations.untilMs - state.stepSinceMs < (holdOf(plan) + plan.bakeMinutes) * MINUTE_MS) {
    const time = plan.bakeMinutes === 1 ? 'a minute' : `${plan.bakeMinutes} minutes`
    return hold('schedule', `all users have the canary; it bakes for ${time}`)
  }
  if (!isLast && !isDue(plan, state, observations.untilMs)) {
    return hold('schedule', `step ${state.step + 1} of ${plan.steps.length} is not over`)
  }
  if (!isAlive(plan, state, observations)) {
    return hold('data', `nobody was heard of with ${plan.canary} since the step began`)
  }
  const users = usersOfCanary(plan, state, observations)
  if (users < plan.minUsers) {
    const words = `about ${users} users had the canary, ${plan.minUsers} are wanted`
    findings.push({ about: 'users', words, value: users, limit: plan.minUsers })
    return 'hold'
  }
  return isLast ? 'complete' : 'advance'
}

/**
 * Silence is no good news: functions that report nothing may not run at all. Once everybody has the canary no bucket decides,
 * and nobody is counted any more: then only attempts can tell, where they are read.
 */
function isAlive(
  plan: CheckedPlan,
  { step, stepSinceMs, counted, percentByVersion }: RolloutState,
  { minutes }: Observations,
): boolean {
  const percent = plan.steps[step]?.percent ?? 0
  if (percent === 100 && minutes === undefined) return true
  return (
    (minutes ?? []).some(({ minuteMs, started }) => minuteMs + MINUTE_MS > stepSinceMs && started > 0) ||
    counted.some(({ variation, version }) => variation === plan.canary && (percentByVersion[version] ?? -1) >= percent)
  )
}

/** As far as they were counted: by the sample, or by those whom something happened to. */
function usersOfCanary(plan: CheckedPlan, { counted }: RolloutState, { seenOneIn = 1 }: Observations): number {
  const of = (kind: UserCount['kind']): number => total(counted, kind, plan.canary)
  return Math.max(of('seen') * seenOneIn, of('error'), of('slow'))
}

function holdOf(plan: CheckedPlan): number {
  return plan.steps[plan.last]?.holdMinutes ?? 0
}

function short(value: number): string {
  return value >= 1000 ? value.toExponential(1) : value.toPrecision(3)
}
