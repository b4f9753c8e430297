import type { JsonValue } from '@waybill/core'
import type { AuditItem, RecallItem } from '@waybill/flags'
import type { Changed } from '../change.ts'
import { type Difference, differences } from '../differences.ts'
import { outcomeWords } from './rollout-history.ts'
import { printable, type Style, shortJson } from './text.ts'

/** A change as lines of what was and what is. */
export function changeLines({ before, after }: Pick<Changed, 'before' | 'after'>, style: Style): readonly string[] {
  const live = before?.deleted ? undefined : before
  if (live === undefined) return [style.good(`+ ${shortJson(after, 200)}`)]
  return differences(plain(live), plain(after))
    .filter(({ path }) => path !== 'version')
    .flatMap((one) => differenceLines(one, style))
}

export function differenceLines({ path, before, after }: Difference, style: Style): readonly string[] {
  const name = printable(path)
  return [
    ...(before === undefined ? [] : [style.bad(`- ${name}: ${shortJson(before, 200)}`)]),
    ...(after === undefined ? [] : [style.good(`+ ${name}: ${shortJson(after, 200)}`)]),
  ]
}

export function historyLines(records: readonly AuditItem[], style: Style): string {
  if (records.length === 0) return 'No changes are recorded.'
  return records
    .map((record) => {
      const { kind, subject, action, who, atMs, comment, before, after } = record
      const recall = kind === 'recalls' ? ((after ?? before) as RecallItem) : undefined
      const versions = recall
        ? printable(`to ${recall.to} up to version ${recall.upToVersion}`)
        : kind === 'rollouts'
          ? outcomeWords(record)
          : `version ${before?.version ?? 'none'} to ${after?.version ?? 'none'}`
      const when = new Date(atMs).toISOString()
      return `${style.strong(printable(subject))}  ${when}  ${printable(who)}  ${printable(action)}, ${versions}\n  ${printable(comment)}`
    })
    .join('\n')
}

function plain(item: unknown): JsonValue {
  return JSON.parse(JSON.stringify(item)) as JsonValue
}
