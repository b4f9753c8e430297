import type { RecallItem } from '@waybill/flags'
import { printable, type Style, table } from './text.ts'

export interface RecallOutcome {
  readonly key: string
  readonly status: 'recalled' | 'lifted' | 'planned' | 'unchanged'
  readonly storeName: string
  readonly before?: RecallItem
  readonly after?: RecallItem
  readonly notes: readonly string[]
}

export function recallPage({ key, status, storeName, before, after, notes }: RecallOutcome, style: Style): string {
  const name = style.strong(printable(key))
  if (status === 'unchanged') return `${name} is not recalled in ${storeName}: nothing was changed.`
  const would = status === 'planned' ? 'would be' : 'are'
  const head =
    after === undefined
      ? `${name}: the recall to ${before ? words(before) : ''} ${status === 'planned' ? 'would be' : 'is'} lifted in ${storeName}.`
      : `${name}: decisions in flight ${would} recalled to ${words(after)} in ${storeName}.`
  const was = before !== undefined && after !== undefined ? [`Until now it was recalled to ${words(before)}.`] : []
  return [head, ...was, ...notes.map(printable)].join('\n')
}

export function recallList(recalls: readonly RecallItem[], style: Style): string {
  if (recalls.length === 0) return 'No recalls are in force.'
  const rows = recalls.map(({ key, upToVersion, to, expiresAtMs, who, comment }) =>
    [key, `v${upToVersion}`, to, new Date(expiresAtMs).toISOString(), who, comment].map(printable),
  )
  const [head = '', ...body] = table([['FLAG', 'UP TO', 'TO', 'UNTIL', 'BY', 'COMMENT'], ...rows]).split('\n')
  return [style.faint(head), ...body].join('\n')
}

/** `control up to version 7, until 2027-01-29T08:00:00.000Z`. */
function words({ to, upToVersion, expiresAtMs }: RecallItem): string {
  return printable(`${to} up to version ${upToVersion}, until ${new Date(expiresAtMs).toISOString()}`)
}
