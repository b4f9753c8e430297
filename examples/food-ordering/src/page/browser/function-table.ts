import { element, setText } from './element.ts'
import { formatCount, formatMs, formatShare } from './format.ts'
import type { FunctionNumbers, Verdict } from './state.ts'

/** Which verdict makes which column stand out. */
const COLUMNS: readonly {
  readonly name: string
  readonly verdict?: Verdict['kind']
  readonly of: (one: FunctionNumbers) => string
}[] = [
  { name: 'started', of: ({ started }) => formatCount(started) },
  { name: 'share', of: ({ share }) => formatShare(share) },
  { name: 'error-rate', verdict: 'fails', of: ({ errorRate }) => formatShare(errorRate) },
  { name: 'p50', verdict: 'slow', of: ({ p50Ms }) => formatMs(p50Ms) },
  { name: 'p95', of: ({ p95Ms }) => formatMs(p95Ms) },
  { name: 'p99', of: ({ p99Ms }) => formatMs(p99Ms) },
  {
    name: 'unfinished',
    verdict: 'unfinished',
    of: ({ lost }) => formatCount(lost),
  },
]

/** Two rows for each function; cells are written over, not made anew, so that a reader keeps its place. */
export function showFunctions(body: HTMLTableSectionElement, canary: string) {
  const rows = new Map<string, HTMLTableRowElement>()
  const rowOf = ({ service, variation }: FunctionNumbers): HTMLTableRowElement => {
    const key = `${service} ${variation}`
    const known = rows.get(key)
    if (known !== undefined) return known
    const name = element('th', { scope: 'row' }, service)
    const kind = element('td', { class: `variation ${variation === canary ? 'canary' : 'control'}` }, variation)
    const cells = COLUMNS.map(({ name: column }) => element('td', { 'data-column': column }))
    const row = element('tr', { 'data-service': service, 'data-variation': variation }, name, kind, ...cells)
    rows.set(key, row)
    body.append(row)
    return row
  }
  return (functions: readonly FunctionNumbers[], verdicts: readonly Verdict[]): void => {
    for (const one of functions) {
      const row = rowOf(one)
      for (const { name, verdict, of } of COLUMNS) {
        const cell = row.querySelector(`[data-column=${name}]`)
        if (cell === null) continue
        setText(cell, of(one))
        const bad = verdicts.some(({ service, kind }) => service === one.service && kind === verdict)
        cell.classList.toggle('bad', bad && one.variation === canary)
      }
    }
  }
}
