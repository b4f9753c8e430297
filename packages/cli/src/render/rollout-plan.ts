import type { CheckedPlan, Guardrail } from '@waybill/rollout'
import type { Timetable } from '../rollouts/timetable.ts'
import { exactSpan, shortNumber } from './rollout.ts'
import { listed, printable, type Style, table } from './text.ts'

/** When each step begins at the earliest, and what it is judged by. */
export function planLines(
  plan: CheckedPlan,
  { rows, completeAfterMinutes }: Timetable,
  style: Style,
): readonly string[] {
  const lines = rows.map(({ step, percent, holdMinutes, earliestAfterMinutes, needsApproval }) => [
    String(step),
    `${percent} %`,
    holdMinutes === 0 ? '' : exactSpan(holdMinutes),
    `${earliestAfterMinutes === 0 ? 'at once' : exactSpan(earliestAfterMinutes)}${needsApproval ? ', once it is approved' : ''}`,
  ])
  const end = [
    '',
    'complete',
    plan.bakeMinutes === 0 ? '' : `bakes ${exactSpan(plan.bakeMinutes)}`,
    exactSpan(completeAfterMinutes),
  ]
  const [head = '', ...body] = table([['STEP', 'PERCENT', 'HELD', 'AT THE EARLIEST AFTER'], ...lines, end]).split('\n')
  return [
    style.faint(head),
    ...body,
    `A step is left at the earliest ${exactSpan(plan.lagMinutes)} after its time is over (lagMinutes), when the numbers of its last minute are believed to be complete; the controller looks once a minute.`,
    ...(plan.minUsers > 0
      ? [`And not before about ${plan.minUsers} users of ${printable(plan.canary)} were counted.`]
      : []),
    `It is rolled back when ${plan.guardrails.map((guardrail) => guardrailWords(guardrail, plan)).join('; or when ')}.`,
    ...(plan.alarms.length > 0 ? [`And at once when an alarm goes off: ${listed(plan.alarms)}.`] : []),
    plan.inFlight === 'recall'
      ? `Decisions in flight are then recalled to ${printable(plan.control)}, in functions whose declaration of the flag says inFlight: 'recall'.`
      : 'Decisions in flight stay as they were decided.',
    ...unguarded(plan),
  ]
}

/** Users are held against control's: where all have the canary, a plan of presets and defaults has nothing that would end it. */
function unguarded({ guardrails, alarms, steps }: CheckedPlan): readonly string[] {
  if (alarms.length > 0 || guardrails.some((guardrail) => !('alphaShare' in guardrail))) return []
  const when = steps.length === 1 ? 'All have it from the first step on' : 'Once all have it'
  return [
    `${when}, there is nobody to hold them against, and nothing rolls it back: an absolute guardrail would (--max-error-percent, --max-unfinished-percent), or an alarm.`,
  ]
}

export function guardrailWords(guardrail: Guardrail, { alpha, canary }: CheckedPlan): string {
  if ('alphaShare' in guardrail) {
    const what = guardrail.kind === 'errored-users' ? 'meet errors' : 'are slow'
    const own = alpha * guardrail.alphaShare
    return printable(
      `more of ${canary}'s users ${what} than its share explains (evidence above ${shortNumber(1 / own)}: a harmless one is hit in at most ${shortNumber(own * 100)} % of rollouts)`,
    )
  }
  const { kind, maxPercent, badMinutes = 3, ofMinutes = 5, minRequests = 20 } = guardrail
  if (kind === 'error-rate') {
    return printable(
      `more than ${maxPercent} % of ${canary}'s attempts fail in ${badMinutes} of ${ofMinutes} minutes, each of ${minRequests} or more`,
    )
  }
  return printable(
    `more than ${maxPercent} % of ${canary}'s attempts of ${ofMinutes} minutes never finish, of ${minRequests} or more`,
  )
}
