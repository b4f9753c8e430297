import type { AuditItem } from '@waybill/flags'
import type { Overview, Reading, Users } from '../rollouts/overview.ts'
import { printable, type Style, table } from './text.ts'
import { age, when } from './token.ts'

const BAR_CELLS = 40
const GAUGE_CELLS = 12

export interface StatusPage {
  readonly overview: Overview
  readonly storeName: string
  readonly nowMs: number
  /** The last change of the rollout, and whose. */
  readonly lastChange?: AuditItem | undefined
}

export function statusPage({ overview, storeName, nowMs, lastChange }: StatusPage, style: Style): string {
  const { plan, percent, warnings, pending, unpublishedEvents } = overview
  const ago = (ms: number): string => age((nowMs - ms) / 1000)
  const head = [
    style.strong(printable(overview.flag)),
    printable(overview.rollout),
    phaseWords(overview, style),
    ...(overview.attempt > 1 ? [`attempt ${overview.attempt}`] : []),
    style.faint(`in ${printable(storeName)}`),
  ].join('  ')
  const rows = [
    ['ramp', rampWords(overview, style)],
    ['step', stepWords(overview, nowMs)],
    ['flag', flagWords(overview)],
    ...overview.guardrails.map((reading) => [reading.kind, readingWords(reading, style)]),
    ['users', usersWords(overview.users)],
    ['judge', judgeWords(overview, nowMs)],
    ...(lastChange === undefined ? [] : [['last change', changeWords(lastChange, ago(lastChange.atMs))]]),
    ...(pending === null
      ? []
      : [
          [
            'pending',
            `the flag is to have ${pending.percent} %${pending.recall ? ', and a recall' : ''}: the next tick does it`,
          ],
        ]),
    ...(unpublishedEvents > 0 ? [['events', `${unpublishedEvents} wait for a controller that publishes them`]] : []),
  ]
  return [
    head,
    `${bar(percent / 100, BAR_CELLS)}  ${style.strong(`${percent} %`)} have ${printable(plan.canary)}`,
    // Before the rest, which may not fit on a screen.
    ...warnings.map((warning) => style.bad(`! ${printable(warning)}`)),
    ...nextCommands(overview).map((line) => printable(line)),
    table(rows),
  ].join('\n')
}

export function statusList(overviews: readonly Overview[], nowMs: number, style: Style): string {
  const rows = overviews.map((overview) => [
    printable(overview.flag),
    printable(overview.rollout),
    `${PHASES[overview.phase]}${overview.attempt > 1 ? ` (attempt ${overview.attempt})` : ''}`,
    `${overview.percent} %`,
    `${overview.step} of ${overview.steps}`,
    age((nowMs - overview.stepSinceMs) / 1000),
    overview.judge === null ? 'never' : age((nowMs - overview.judge.atMs) / 1000),
    overview.warnings.length > 0 ? style.bad(`! ${printable(overview.warnings[0] ?? '')}`) : '',
  ])
  const [head = '', ...body] = table([
    ['FLAG', 'ROLLOUT', 'IS', 'HAS', 'STEP', 'STEP SINCE', 'JUDGED', ''],
    ...rows,
  ]).split('\n')
  return [style.faint(head.trimEnd()), ...body.map((line) => line.trimEnd())].join('\n')
}

/** What a person can do now, where something waits for one. */
export function nextCommands({ flag, phase, percent, waitsForApprovalOf, plan }: Overview): readonly string[] {
  const command = (verb: string): string => `waybill rollout ${verb} ${flag} --comment "…"`
  if (waitsForApprovalOf !== undefined) {
    const to = plan.steps[waitsForApprovalOf - 1]?.percent
    return [`Step ${waitsForApprovalOf} (${to} %) waits for an approval: ${command('approve')}`]
  }
  if (phase === 'paused' || phase === 'frozen') {
    return [`It stands still at ${percent} % until somebody says ${command('resume')}, or ${command('rollback')}`]
  }
  if (phase === 'rolled-back') return [`To begin a new attempt with the same users: ${command('resume')}`]
  return []
}

const PHASES = {
  ramping: 'ramping',
  'awaiting-approval': 'waits for approval',
  paused: 'paused',
  frozen: 'frozen',
  baking: 'baking',
  complete: 'complete',
  'rolled-back': 'rolled back',
} as const

export function phaseWords({ phase }: Pick<Overview, 'phase'>, style: Style): string {
  const words = PHASES[phase]
  if (phase === 'complete') return style.good(words)
  return phase === 'rolled-back' || phase === 'frozen' ? style.bad(words) : style.strong(words)
}

/** `1 % > [10 %] > 50 % > 100 %`. */
function rampWords({ plan, step, phase }: Overview, style: Style): string {
  const isIn = phase !== 'rolled-back'
  return plan.steps
    .map(({ percent }, index) => {
      if (isIn && index + 1 === step) return style.strong(`[${percent} %]`)
      return index + 1 < step || phase === 'complete' ? `${percent} %` : style.faint(`${percent} %`)
    })
    .join(' > ')
}

function stepWords({ step, steps, stepSinceMs, dueAtMs, plan, phase }: Overview, nowMs: number): string {
  if (phase === 'rolled-back') return `rolled back from step ${step} of ${steps}`
  if (phase === 'complete') return `${step} of ${steps}`
  const since = `${step} of ${steps}, since ${when(stepSinceMs / 1000)}, ${age((nowMs - stepSinceMs) / 1000)}`
  if (dueAtMs === undefined) return since
  const next = phase === 'baking' ? 'complete' : `${plan.steps[step]?.percent} %`
  const left = dueAtMs > nowMs ? `in ${span((dueAtMs - nowMs) / 60_000)}` : 'now'
  return `${since}; ${next} ${left} at the earliest`
}

function flagWords({ flagNow, plan }: Overview): string {
  if (flagNow === undefined) return 'there is none any more'
  const { version, on, percent } = flagNow
  const has = percent === null ? 'another fallthrough' : `${percent} % ${plan.canary}`
  return printable(`version ${version}, ${on ? 'on' : 'off'}, ${has}`)
}

function readingWords({ kind, value, limit, words }: Reading, style: Style): string {
  if (value === undefined || limit === undefined) return style.faint('not read yet')
  // Evidence multiplies: its way to the limit is seen in logarithms, and 1 is none.
  const isEvidence = kind === 'errored-users' || kind === 'slow-users'
  const filled = isEvidence ? Math.log(Math.max(1, value)) / Math.log(limit) : limit === 0 ? 1 : value / limit
  const said = words ?? `evidence ${shortNumber(value)} against the limit ${shortNumber(limit)}`
  const text = `${bar(filled, GAUGE_CELLS)}  ${printable(said)}`
  return filled > 1 ? style.bad(text) : text
}

function usersWords(users: readonly Users[]): string {
  const of = ({ variation, seen, errored, slow }: Users): string =>
    printable(`${errored} of ${variation} met an error, ${slow} were slow, ${seen} were sampled`)
  return users.map(of).join('; ')
}

function judgeWords({ judge }: Overview, nowMs: number): string {
  if (judge === null) return 'has not spoken yet'
  const { atMs, verdict, words } = judge
  return printable([`${verdict}, ${age((nowMs - atMs) / 1000)}`, ...words].join('; '))
}

export function changeWords({ action, who, comment }: AuditItem, ago: string): string {
  return printable(`${action}, ${ago}, by ${who}: ${comment}`)
}

/** A share, 0 to 1, of so many cells. What is not nothing shows. */
export function bar(share: number, cells: number): string {
  const filled = Math.min(cells, Math.max(share > 0 ? 1 : 0, Math.floor(share * cells)))
  return `${'█'.repeat(filled)}${'░'.repeat(cells - filled)}`
}

/** `45 s`, `12 min`, `1 h 30 min`, `2 days 4 h`. */
export function span(minutes: number): string {
  if (minutes < 1) return `${Math.round(minutes * 60)} s`
  const whole = Math.round(minutes)
  const [size, large, small, rest] =
    whole < 60
      ? ([1, 'min', '', 1] as const)
      : whole < 2880
        ? ([60, 'h', 'min', 1] as const)
        : ([1440, 'days', 'h', 60] as const)
  const left = Math.floor((whole % size) / rest)
  return `${Math.floor(whole / size)} ${large}${left > 0 ? ` ${left} ${small}` : ''}`
}

/** What a plan says, to the half minute. */
export function exactSpan(minutes: number): string {
  return Number.isInteger(minutes) || minutes < 1 ? span(minutes) : `${shortNumber(minutes)} min`
}

export function shortNumber(value: number): string {
  return value >= 1000 ? value.toExponential(1) : String(Number(value.toPrecision(3)))
}
