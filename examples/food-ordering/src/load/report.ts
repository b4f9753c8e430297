import type { LoadResult } from './run-load.ts'

/** Lambda's own limit of an event. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const EVENT_LIMIT_BYTES = 6 * 1024 * 1024

const MOST_FAULTS = 20

/** The counts of a run, as plain text. */
export function renderLoad(result: LoadResult): string {
  const { load, storm, struck, imported, largestBatch, redriven, check } = result
  const refused = [...load.refused].map(([status, times]) => `${times} x ${status || 'no answer'}`)
  const lines = [
    `edge         accepted ${load.accepted.length}, refused ${sum(load.refused.values())} (${list(refused)}), imported ${imported}, ${load.skipped} not sent as too many were under way`,
    `outages      ${list(tally(storm.engines.map(({ engine, outage }) => `${outage} ${engine}`)))}`,
    `faults       ${list(tally(struck.map(({ kind }) => kind)))}`,
    `flag         ${result.flagVersions} versions`,
    `big batch    ${largestBatch.records} records in one invocation of ${largestBatch.bytes} bytes (Lambda's limit would make ${Math.ceil(largestBatch.bytes / EVENT_LIMIT_BYTES)})`,
    `redriven     ${redriven.messages} dead letters, ${redriven.invocations} asynchronous invocations`,
    `losses       ${list(result.counts.losses().map(([code, times]) => `${times} ${code}`))}`,
    `notes        ${list(result.counts.notes().map(([code, times]) => `${times} ${code}`))}`,
    '',
    row('hop', 'by', 'due', 'consumed', 'repeats', 'unaccepted', 'other decisions'),
    ...check.hops.map(({ service, carrier, due, consumed, repeats, unaccepted, strays }) =>
      row(service, carrier, due, consumed, repeats, unaccepted, strays),
    ),
    '',
    ...check.faults.slice(0, MOST_FAULTS),
    ...(check.faults.length > MOST_FAULTS ? [`... and ${check.faults.length - MOST_FAULTS} more`] : []),
    ...(result.drained ? [] : ['The chain was not drained in time.']),
    holds(result) ? 'held' : `did not hold: ${check.faults.length} faults`,
  ]
  return lines.join('\n')
}

export function holds({ check, drained }: LoadResult): boolean {
  return drained && check.faults.length === 0
}

const WIDTHS = [18, 14, 8, 9, 8, 11, 16] as const

function row(...cells: readonly (string | number)[]): string {
  return cells
    .map((cell, index) =>
      index < 2 ? String(cell).padEnd(WIDTHS[index] ?? 0) : String(cell).padStart(WIDTHS[index] ?? 0),
    )
    .join('')
}

function tally(all: readonly string[]): readonly string[] {
  const times = new Map<string, number>()
  for (const one of all) times.set(one, (times.get(one) ?? 0) + 1)
  return [...times].sort().map(([one, count]) => `${count} ${one}`)
}

function list(all: readonly string[]): string {
  return all.length === 0 ? 'none' : all.join(', ')
}

function sum(all: Iterable<number>): number {
  return [...all].reduce((total, one) => total + one, 0)
}
