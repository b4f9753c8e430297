import { COUNTS, type CountCode } from '@waybill/core'
import type { LogLine } from '@waybill/local'
import { COUNT_LINE } from '../observers.ts'

/** What the functions' ledgers said, summed over all of them. */
export interface CountCollector {
  add(line: LogLine): void
  /** By code, most first. */
  losses(): readonly (readonly [code: string, times: number])[]
  notes(): readonly (readonly [code: string, times: number])[]
}

export function collectCounts(): CountCollector {
  const sums = new Map<string, number>()
  const of = (severity: 'loss' | 'note') => () =>
    [...sums].filter(([code]) => COUNTS[code as CountCode]?.[0] === severity).sort(([, a], [, b]) => b - a)
  return {
    add: ({ line }) => {
      const start = line.indexOf(COUNT_LINE)
      if (start === -1) return
      const { waybillCounts } = JSON.parse(line.slice(start)) as { waybillCounts: Readonly<Record<string, number>> }
      for (const [code, times] of Object.entries(waybillCounts)) sums.set(code, (sums.get(code) ?? 0) + times)
    },
    losses: of('loss'),
    notes: of('note'),
  }
}
