import type { Finding, Phase, StoredRollout, TickReport, Verdict } from '@waybill/rollout'
import type { RolloutClock } from './clock.ts'

/** One tick, for people. */
export interface WatchedTick {
  /** Minutes since the rollout began. */
  readonly minute: number
  /** What the flag has after it. */
  readonly percent: number
  readonly phase: Phase
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  /** Why, in one line. */
  readonly why: string
}

export function watchedTick(report: TickReport, rollout: StoredRollout, clock: RolloutClock): WatchedTick {
  const { startedAtMs, last, state } = rollout
  const findings = last?.findings ?? []
  const verdict = report.verdict ?? 'hold'
  return {
    minute: clock.minuteOf(last?.atMs ?? startedAtMs) - clock.minuteOf(startedAtMs),
    percent: report.percent,
    phase: state.phase,
    verdict,
    findings,
    why: whyOf(verdict, findings),
  }
}

/** What the judge held against its limits comes first in its findings; what decided when nothing was broken comes last. */
export function whyOf(verdict: Verdict, findings: readonly Finding[]): string {
  const [broken] = findings.filter(isBroken)
  if (verdict === 'roll-back') return broken?.words ?? findings.at(-1)?.words ?? ''
  if (verdict === 'advance') return 'nothing speaks against the next step'
  if (verdict === 'complete') return 'nothing speaks against it'
  return findings.filter(({ about }) => !GUARDRAILS.has(about)).at(-1)?.words ?? ''
}

/** What the judge holds against limits. */
export const GUARDRAILS: ReadonlySet<Finding['about']> = new Set([
  'errored-users',
  'slow-users',
  'error-rate',
  'unfinished',
])

/** Whether a guardrail gave way: some do at their limit, those of evidence beyond it. */
function isBroken({ about, value = 0, limit = Number.POSITIVE_INFINITY }: Finding): boolean {
  if (about === 'alarm') return true
  return GUARDRAILS.has(about) && (about === 'error-rate' ? value >= limit : value > limit)
}

export const TIMELINE_HEAD = ' minute  canary  evidence of errors  evidence of slowness  verdict'

/** A line of the table under `TIMELINE_HEAD`. */
export function timelineLine({ minute, percent, verdict, findings, why }: WatchedTick): string {
  const against = (about: Finding['about']): string => {
    const { value = 0, limit = 0 } = findings.find((one) => one.about === about) ?? {}
    return `${short(value)} of ${short(limit)}`
  }
  const cells = [
    String(minute).padStart(7),
    `${percent} %`.padStart(6),
    against('errored-users').padStart(18),
    against('slow-users').padStart(20),
    `${verdict.padEnd(9)} ${why}`,
  ]
  return cells.join('  ')
}

function short(value: number): string {
  return value >= 1000 ? value.toExponential(1) : value >= 100 ? value.toFixed(0) : value.toPrecision(2)
}
