import type { TokenContents } from '../read-token.ts'
import { printable, type Style, shortJson, table } from './text.ts'

export function tokenJson({ format, keyId, audience, waybill }: TokenContents): Readonly<Record<string, unknown>> {
  const { subject, decidedAtSeconds, droppedCount, decisions } = waybill
  return {
    format,
    keyId,
    decidedAtSeconds,
    subject: subject ?? null,
    audience: audience ?? null,
    droppedCount,
    // What it says of each; that it was propagated is our own doing.
    decisions: [...decisions.values()].map(({ origin: _, ...decision }) => decision),
  }
}

export function tokenPage({ format, keyId, audience, waybill }: TokenContents, nowMs: number, style: Style): string {
  const { subject, decidedAtSeconds, droppedCount, decisions } = waybill
  const rows = [
    ['format', printable(format)],
    ['key', printable(keyId)],
    ['decided', `${when(decidedAtSeconds)}, ${age(nowMs / 1000 - decidedAtSeconds)}`],
    ['subject', printable(subject ?? 'none')],
    ['audience', printable(audience ?? 'anybody')],
    ...(droppedCount > 0 ? [['dropped', `${droppedCount} decisions, for want of room`]] : []),
  ]
  const lines = [...decisions.values()].map(({ flag, variation, value, version, reason, digest, ...bits }) => [
    printable(flag),
    printable(variation),
    digest === undefined ? shortJson(value) : `digest ${digest}`,
    `v${version}`,
    [reason, ...(bits.bucketed ? ['by percentage'] : []), ...(bits.inExperiment ? ['in experiment'] : [])].join(', '),
  ])
  if (lines.length === 0) return `${table(rows)}\nIt holds no decisions.`
  const [head = '', ...body] = table([['FLAG', 'VARIATION', 'VALUE', 'VERSION', 'REASON'], ...lines]).split('\n')
  return [table(rows), style.faint(head), ...body].join('\n')
}

export function when(seconds: number): string {
  // Format 1 has room for moments that a Date has not.
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} s after 1970` : date.toISOString()
}

export function age(seconds: number): string {
  const whole = Math.abs(Math.round(seconds))
  const [size, unit] =
    whole < 120 ? [1, 's'] : whole < 7200 ? [60, 'min'] : whole < 172_800 ? [3600, 'h'] : [86_400, 'days']
  const text = `${Math.round(whole / size)} ${unit}`
  return seconds < 0 ? `${text} from now` : `${text} ago`
}
