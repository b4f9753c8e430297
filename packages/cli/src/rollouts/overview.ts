import type { FlagData } from '@waybill/flags'
import {
  type CheckedPlan,
  checkedPlan,
  type Guardrail,
  type Phase,
  type StoredRollout,
  strengthOf,
  waitingStep,
} from '@waybill/rollout'
import { Failure, messageOf } from '../failure.ts'
import { canaryPercent } from './canary-percent.ts'

/** A rollout as people and scripts look at it: only what is so, and nothing of how long ago. Times are milliseconds. */
export interface Overview {
  readonly flag: string
  readonly rollout: string
  readonly phase: Phase
  readonly attempt: number
  readonly attemptSinceMs: number
  /** Counted from 1. */
  readonly step: number
  readonly steps: number
  readonly stepSinceMs: number
  /** The earliest that the step is left, while nothing but time is missing. */
  readonly dueAtMs?: number
  /** How many of the users whom no target and no rule names have the canary now. */
  readonly percent: number
  /** The percentage that the rollout gave the flag last. */
  readonly setPercent: number
  readonly startedAtMs: number
  /** Absent: there is no such flag any more. */
  readonly flagNow?: FlagNow
  readonly guardrails: readonly Reading[]
  readonly users: readonly Users[]
  readonly judge: { readonly atMs: number; readonly verdict: string; readonly words: readonly string[] } | null
  /** What somebody has to know at once. */
  readonly warnings: readonly string[]
  /** Decided, and not done yet. */
  readonly pending: { readonly percent: number; readonly recall: boolean } | null
  readonly unpublishedEvents: number
  /** The step that waits for an approval, counted from 1. */
  readonly waitsForApprovalOf?: number
  /** Steps that were approved, counted from 1. */
  readonly approvals: readonly number[]
  readonly plan: CheckedPlan
}

export interface FlagNow {
  readonly version: number
  readonly on: boolean
  /** Of the users whom no target and no rule names; `null` when that is not canary's and control's to share. */
  readonly percent: number | null
}

/** What a guardrail is held against. */
export interface Reading {
  readonly kind: Guardrail['kind']
  /** Absent: it was not read yet. */
  readonly value?: number
  readonly limit?: number
  readonly words?: string
}

export interface Users {
  readonly variation: string
  /** A sample of all users. */
  readonly seen: number
  readonly errored: number
  readonly slow: number
}

const MINUTE_MS = 60_000

/** Fails with `refused` for what is no rollout, whoever wrote it. */
export function overviewOf(rollout: StoredRollout, flag: FlagData | undefined, nowMs: number): Overview {
  try {
    return overviewOfWhole(rollout, flag, nowMs)
  } catch (cause) {
    const message = `What is stored as the rollout of "${rollout.key}" is none that can be read: ${messageOf(cause)}`
    throw new Failure('refused', message, { cause })
  }
}

function overviewOfWhole(rollout: StoredRollout, flag: FlagData | undefined, nowMs: number): Overview {
  const plan = checkedPlan(rollout.plan)
  const { state, last, pending, flagPercent } = rollout
  const hold = plan.steps[state.step]?.holdMinutes ?? 0
  const untilLeft = hold + plan.lagMinutes + (state.phase === 'baking' ? plan.bakeMinutes : 0)
  const isMoving = state.phase === 'ramping' || state.phase === 'baking'
  const flagNow = flag === undefined || flag.deleted ? undefined : flagNowOf(flag, plan)
  const waiting = waitingStep(state)
  const waits = waiting === undefined ? undefined : waiting + 1
  return {
    flag: plan.flag,
    rollout: plan.id,
    phase: state.phase,
    attempt: state.attempt,
    attemptSinceMs: state.attemptSinceMs,
    step: state.step + 1,
    steps: plan.steps.length,
    stepSinceMs: state.stepSinceMs,
    ...(isMoving ? { dueAtMs: state.stepSinceMs + untilLeft * MINUTE_MS } : {}),
    percent: percentNow(flagNow, flagPercent),
    setPercent: flagPercent,
    startedAtMs: rollout.startedAtMs,
    ...(flagNow === undefined ? {} : { flagNow }),
    guardrails: plan.guardrails.map((guardrail) => readingOf(guardrail, plan, rollout)),
    users: [plan.canary, plan.control].map((variation) => usersOf(variation, rollout)),
    judge:
      last === undefined
        ? null
        : { atMs: last.atMs, verdict: last.verdict, words: last.findings.map(({ words }) => words) },
    warnings: [...silence(plan, rollout, nowMs), ...(pending === undefined ? flagFaults(plan, rollout, flagNow) : [])],
    pending: pending === undefined ? null : { percent: pending.percent, recall: pending.recall },
    unpublishedEvents: rollout.outbox.length,
    ...(waits === undefined ? {} : { waitsForApprovalOf: waits }),
    approvals: state.approved.map((step) => step + 1),
    plan,
  }
}

export function isOverNow({ phase, pending }: Pick<Overview, 'phase' | 'pending'>): boolean {
  return (phase === 'complete' || phase === 'rolled-back') && pending === null
}

function percentNow(flagNow: FlagNow | undefined, setPercent: number): number {
  if (flagNow === undefined || !flagNow.on) return 0
  // Another fallthrough: what it comes to only its owner knows.
  return flagNow.percent ?? setPercent
}

function flagNowOf(flag: FlagData, plan: CheckedPlan): FlagNow {
  return { version: flag.version, on: flag.on === true, percent: canaryPercent(flag, plan) ?? null }
}

function readingOf(guardrail: Guardrail, { alpha }: CheckedPlan, { state, last }: StoredRollout): Reading {
  const { kind } = guardrail
  if ('alphaShare' in guardrail) {
    const evidence = state.evidence[kind === 'errored-users' ? 'error' : 'slow']
    return { kind, value: strengthOf(evidence), limit: 1 / (alpha * guardrail.alphaShare) }
  }
  const found = last?.findings.find(({ about }) => about === kind)
  if (found === undefined) return { kind }
  const { value, limit, words } = found
  return { kind, ...(value === undefined ? {} : { value }), ...(limit === undefined ? {} : { limit }), words }
}

function usersOf(variation: string, { state }: StoredRollout): Users {
  const of = (kind: 'seen' | 'error' | 'slow'): number =>
    state.counted
      .filter((one) => one.kind === kind && one.variation === variation)
      .reduce((sum, { users }) => sum + users, 0)
  return { variation, seen: of('seen'), errored: of('error'), slow: of('slow') }
}

/** A judge who is not heard of holds the ramp, and protects nobody. */
function silence(plan: CheckedPlan, { state, last }: StoredRollout, nowMs: number): readonly string[] {
  if (state.phase === 'complete' || state.phase === 'rolled-back') return []
  const heardMs = Math.max(last?.atMs ?? 0, state.judgedUntilMs)
  const silentMinutes = Math.floor((nowMs - heardMs) / MINUTE_MS)
  const isNew = last === undefined || last.atMs < state.attemptSinceMs
  // The first judgement wants a whole minute, and then its lag.
  if (isNew && silentMinutes > plan.lagMinutes + 2) {
    return [
      `No judge was heard of since attempt ${state.attempt} began, ${silentMinutes} minutes ago: does a controller run every minute? The ramp stands still, and nobody would roll it back.`,
    ]
  }
  if (silentMinutes <= plan.deadManMinutes) return []
  return [
    `The judge was not heard of for ${silentMinutes} minutes, longer than the plan's ${plan.deadManMinutes}: the ramp stands still, nobody would roll it back, and it freezes when the judge is back.`,
  ]
}

function flagFaults(
  plan: CheckedPlan,
  { flagPercent, state }: StoredRollout,
  now: FlagNow | undefined,
): readonly string[] {
  if (state.phase === 'rolled-back') {
    return now?.on && now.percent !== 0
      ? [`It is rolled back, but the flag does not give ${plan.control} to all: somebody changed it since.`]
      : []
  }
  if (state.phase === 'complete') return []
  const comes = state.phase === 'paused' || state.phase === 'frozen' ? 'cannot be resumed like that' : 'pauses'
  if (now === undefined) return [`The flag was deleted by somebody else: the rollout ${comes}.`]
  if (!now.on)
    return [
      `The flag is off by somebody else, at version ${now.version}: nobody has ${plan.canary}, and the rollout ${comes}.`,
    ]
  if (now.percent === flagPercent) return []
  const has = now.percent === null ? 'another fallthrough' : `${now.percent} % for ${plan.canary}`
  return [
    `The flag has ${has} by somebody else, at version ${now.version}, instead of ${flagPercent} %: the rollout ${comes}.`,
  ]
}
