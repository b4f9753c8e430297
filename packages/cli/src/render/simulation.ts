import type { RunResult, Scenario } from '@waybill/rollout/simulation'
import type { Simulated } from '../rollouts/simulation.ts'
import { exactSpan, shortNumber, span } from './rollout.ts'
import { printable, type Style, table } from './text.ts'

export function simulationPage(simulated: Simulated, style: Style): string {
  const { plan, scenario, runs, seed, others, othersShare, notes, timeline } = simulated
  const ramp = plan.steps.map(
    ({ percent, holdMinutes }) => `${percent} %${holdMinutes > 0 ? ` for ${exactSpan(holdMinutes)}` : ''}`,
  )
  return [
    `${style.strong('plan')}     ${printable(plan.canary)} to ${ramp.join(', ')}; bakes ${span(plan.bakeMinutes)}; alpha ${plan.alpha}`,
    `${style.strong('traffic')}  ${trafficWords(scenario)}`,
    `${style.strong('canary')}   ${faultWords(scenario)}`,
    '',
    `Of ${runs} runs, seeds ${seed} to ${seed + runs - 1}:`,
    table(outcomeRows(simulated)).replaceAll(/ +$/gm, ''),
    '',
    ...(others.length === 0 ? [] : [...othersLines(simulated, style), '']),
    style.strong(`One run, --seed ${seed}: ${outcomeWords(timeline)}`),
    ...timelineLines(timeline, style),
    ...(othersShare < 1
      ? []
      : ['All users have the canary from the first step on: there is nobody to hold it against.']),
    ...notes.map((note) => style.faint(note)),
  ].join('\n')
}

function trafficWords({
  users,
  requestsPerMinute,
  errorRate,
  fragileUsers,
  fragileErrorRate,
  minutes,
  lagMinutes,
}: Scenario): string {
  const fragile =
    fragileUsers > 0 ? `, and ${rate(fragileErrorRate)} of those of ${rate(fragileUsers)} of the users` : ''
  const lag = lagMinutes > 0 ? `; messages are handled up to ${span(lagMinutes)} late` : ''
  return `${users} users, ${requestsPerMinute} requests a minute, ${span(minutes)}; ${rate(errorRate)} of all requests fail${fragile}${lag}`
}

function faultWords({ ratio, kills }: Scenario): string {
  const errors = ratio === 1 ? '' : `${shortNumber(ratio)} times the errors`
  const killed = kills === 0 ? '' : `${rate(kills)} of its requests kill their process`
  return [errors, killed].filter(Boolean).join(', and ') || 'harmless: it fails as control does'
}

function outcomeRows(simulated: Simulated): readonly (readonly string[])[] {
  const { rolledBack, complete, unfinished, medianMinutesToRollback, medianMinutesToComplete, medianUsersHurt } =
    simulated
  const after = (minutes: number | null): string => (minutes === null ? '' : `median after ${span(minutes)}`)
  return [
    ['rolled back', rate(rolledBack), after(medianMinutesToRollback)],
    ['complete', rate(complete), after(medianMinutesToComplete)],
    ['unfinished', rate(unfinished), ''],
    ['users hurt', String(medianUsersHurt), 'median: something failed for them that control would not have failed'],
  ]
}

function othersLines({ others, othersShare }: Simulated, style: Style): readonly string[] {
  const rows = others.map(({ judge, rolledBack, medianMinutes, medianUsersHurt, rolledBackHarmless }) => [
    judge,
    rate(rolledBack),
    Number.isNaN(medianMinutes) ? '-' : span(medianMinutes),
    String(medianUsersHurt),
    rate(rolledBackHarmless),
  ])
  const [head = '', ...body] = table([
    ['JUDGE', 'ROLLED BACK', 'MEDIAN', 'USERS HURT', 'HARMLESS ROLLED BACK'],
    ...rows,
  ]).split('\n')
  return [
    `Judges side by side on the same requests, at ${rate(othersShare)} all the time (the weighted alias by request, the others by user):`,
    style.faint(head),
    ...body,
  ]
}

/** The minutes in which the percentage changed, the first and the last. */
export function timelineLines({ trace }: RunResult, style: Style): readonly string[] {
  const shown = trace.filter(
    ({ percent }, index) => index === 0 || index === trace.length - 1 || percent !== trace[index - 1]?.percent,
  )
  const rows = shown.map(({ minute, percent, words }) => [
    String(minute + 1),
    `${percent} %`,
    printable(words.join('; ')),
  ])
  const [head = '', ...body] = table([['MINUTE', 'THEN HAS', 'WHY'], ...rows]).split('\n')
  return [style.faint(head), ...body]
}

function outcomeWords({ outcome, minute, usersHurt }: RunResult): string {
  const what = outcome === 'rolled-back' ? 'rolled back' : outcome
  return `${what} after ${span(outcome === 'unfinished' ? minute : minute + 1)}, ${usersHurt} users hurt`
}

function rate(share: number): string {
  return `${shortNumber(share * 100)} %`
}
