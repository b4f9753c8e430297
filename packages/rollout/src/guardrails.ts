import type { Guardrail } from './plan.ts'

const MINUTE_MS = 60_000

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
  /** What was held against the limit: bad minutes, or a percentage. */
  readonly value: number
  readonly limit: number
  readonly words: string
}

/**
 * `error-rate`: M of the last N minutes were bad, each of enough requests. `unfinished`: the last N minutes together were, and
 * M of them had a loss; a request that ends in the minute after its start is missing in one and too many in the next. A
 * minute without data is not a bad one.
 */
export function readGuardrail(
  guardrail: AbsoluteGuardrail,
  minutes: readonly MinuteCounts[],
  untilMs: number,
): GuardrailReading {
  const { kind, maxPercent, badMinutes = 3, ofMinutes = 5, minRequests = 20 } = guardrail
  const window = minutes.filter(({ minuteMs }) => minuteMs >= untilMs - ofMinutes * MINUTE_MS && minuteMs < untilMs)
  if (kind === 'unfinished') {
    const started = window.reduce((sum, minute) => sum + minute.started, 0)
    const lost = Math.max(0, started - window.reduce((sum, minute) => sum + minute.finished, 0))
    const percent = percentOf(lost, started)
    const losing = window.filter((minute) => minute.started > minute.finished).length
    const words = `${lost} of ${started} attempts of the last ${ofMinutes} minutes never finished (${percent.toFixed(1)} %, limit ${maxPercent} %)`
    const broken = started >= minRequests && percent > maxPercent && losing >= badMinutes
    return { broken, value: percent, limit: maxPercent, words }
  }
  const rates = window.map(({ errors, finished }) => percentOf(errors, finished))
  const bad = window.filter(({ finished }, index) => finished >= minRequests && (rates[index] ?? 0) > maxPercent).length
  const words = `${bad} of the last ${ofMinutes} minutes had more than ${maxPercent} % that failed (worst ${Math.max(0, ...rates).toFixed(1)} %)`
  return { broken: bad >= badMinutes, value: bad, limit: badMinutes, words }
}

function percentOf(some: number, all: number): number {
  return all === 0 ? 0 : (100 * some) / all
}
