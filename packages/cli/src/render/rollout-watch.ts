import type { Sight } from '../rollouts/watching.ts'
import { phaseWords, statusPage } from './rollout.ts'
import { printable, type Style } from './text.ts'
import { age } from './token.ts'

/** The page of a status, and whether it is still so. */
export function watchPage(
  { sight, storeName, nowMs }: { readonly sight: Sight; readonly storeName: string; readonly nowMs: number },
  style: Style,
): string {
  const { overview, history } = sight
  const page = statusPage({ overview, storeName, nowMs, lastChange: history.at(-1) }, style)
  const outage = outageWords(sight, nowMs)
  return `${style.faint(new Date(nowMs).toISOString())}\n${page}${outage === undefined ? '' : `\n${style.bad(outage)}`}`
}

/** One line: when, where the rollout is, and what is new. */
export function changeLine(sight: Sight, before: Sight | undefined, nowMs: number, style: Style): string {
  const { overview } = sight
  const at = new Date(nowMs).toISOString()
  const outage = outageWords(sight, nowMs)
  if (outage !== undefined) return `${at}  ${style.bad(outage)}`
  const { percent, step, steps, attempt, flag } = overview
  const where = [
    printable(flag),
    phaseWords(overview, style),
    `${percent} %`,
    `step ${step} of ${steps}`,
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
  ].join('  ')
  return [`${at}  ${where}`, ...newWords(sight, before).map(printable)].join('  ')
}

function newWords({ overview, history }: Sight, before: Sight | undefined): readonly string[] {
  const { judge, warnings, pending, waitsForApprovalOf } = overview
  const seen = new Set(before?.history.map(({ key }) => key))
  const fresh = before === undefined ? history.slice(-1) : history.filter(({ key }) => !seen.has(key))
  const saidBefore = before?.overview.judge?.words.join() === judge?.words.join()
  // A judge's own change says what the judge says, a moment later.
  const isOnceMore = fresh.some(({ atMs }) => judge !== null && Math.abs(atMs - judge.atMs) < 10_000)
  return [
    ...(before?.outage === undefined ? [] : ['the store answers again']),
    ...fresh.map(({ action, who, comment }) => `${action}, by ${who}: ${comment}`),
    ...(judge === null || saidBefore || isOnceMore ? [] : [`judge: ${[judge.verdict, ...judge.words].join('; ')}`]),
    ...(pending === null ? [] : [`pending: ${pending.percent} %`]),
    ...(waitsForApprovalOf === undefined ? [] : [`step ${waitsForApprovalOf} waits for an approval`]),
    ...warnings.map((warning) => `! ${warning}`),
  ]
}

function outageWords({ outage }: Sight, nowMs: number): string | undefined {
  if (outage === undefined) return undefined
  const since = `${new Date(outage.sinceMs).toISOString()}, ${age((nowMs - outage.sinceMs) / 1000)}`
  return printable(
    `! The store has not answered since ${since}: all else is as it was then. It is tried again. ${outage.message}`,
  )
}
