import type { Guardrail } from './plan.ts'

/** What one variation did in one minute, of all functions or of one: sums of CloudWatch's metrics. */
export interface MinuteCounts {
  readonly minuteMs: number
  readonly started: number
  readonly finished: number
  readonly errors: number
}

export type AbsoluteGuardrail = Extract<Guardrail, { readonly kind: 'error-rate' | 'unfinished' }>

export function isAbsolute(guardrail: Guardrail): guardrail is AbsoluteGuardrail {
  return guardrail.kind === 'error-rate' || guardrail.kind === 'unfinished'
}

/** Whether an absolute guardrail is broken by the canary's last minutes, and in words. */
export interface GuardrailReading {
  readonly broken: boolean
  readonly badMinutes: number
  readonly words: string
}

/** M of the last N minutes, each of enough requests. A minute without data is not a bad one. */
export function readGuardrail(guardrail: AbsoluteGuardrail, minutes: readonly MinuteCounts[]): GuardrailReading {
  const { kind, maxPercent, badMinutes = 3, ofMinutes = 5, minRequests = 20 } = guardrail
  const window = minutes.toSorted((a, b) => a.minuteMs - b.minuteMs).slice(-ofMinutes)
  const bad = window.filter((minute) => {
    const of = kind === 'error-rate' ? minute.finished : minute.started
    return of >= minRequests && percentOf(kind, minute) > maxPercent
  })
  const what = kind === 'error-rate' ? 'failed' : 'never finished'
  const worst = Math.max(0, ...window.map((minute) => percentOf(kind, minute)))
  return {
    broken: bad.length >= badMinutes,
    badMinutes: bad.length,
    words: `${bad.length} of the last ${ofMinutes} minutes had more than ${maxPercent} % that ${what} (worst ${worst.toFixed(1)} %)`,
  }
}

function percentOf(kind: AbsoluteGuardrail['kind'], { started, finished, errors }: MinuteCounts): number {
  if (kind === 'error-rate') return finished === 0 ? 0 : (100 * errors) / finished
  return started === 0 ? 0 : (100 * Math.max(0, started - finished)) / started
}
