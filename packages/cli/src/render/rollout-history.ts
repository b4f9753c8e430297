import type { AuditItem, RolloutItem } from '@waybill/flags'
import { printable, type Style } from './text.ts'

/** Every change of a flag's rollouts: when, who, what it came to, and why. */
export function rolloutHistoryLines(records: readonly AuditItem[], style: Style): string {
  return records
    .map((record) => {
      const { atMs, who, action, comment } = record
      const { reasons } = outcomeOf(record)
      const when = new Date(atMs).toISOString()
      const more = reasons.filter((reason) => reason !== comment && !comment.includes(reason))
      return [
        `${when}  ${style.strong(printable(action))}  ${outcomeWords(record)}  ${printable(who)}`,
        ...[comment, ...more].map((line) => `  ${printable(line)}`),
      ].join('\n')
    })
    .join('\n')
}

/** `new-order-flow-1 ramping at 10 %, step 2`. Whatever is in the trail: somebody else may have written it. */
export function outcomeWords(record: AuditItem): string {
  const { rollout, phase, attempt, step, percent } = outcomeOf(record)
  const again = Number(attempt) > 1 ? `, attempt ${attempt}` : ''
  return printable(
    `${rollout}: ${String(phase).replaceAll('-', ' ')} at ${percent} %, step ${Number(step) + 1}${again}`,
  )
}

function outcomeOf({ after }: AuditItem): RolloutItem & { readonly reasons: readonly string[] } {
  const outcome = (after ?? { key: '', version: 0 }) as RolloutItem
  const { reasons } = outcome
  return { ...outcome, reasons: Array.isArray(reasons) ? reasons.map(String) : [] }
}
