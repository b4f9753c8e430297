import type { PanelUnit } from '@waybill/dashboards'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const oneDecimal = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

export function formatCount(value: number): string {
  return whole.format(value)
}

/** A share from 0 to 1; nothing was measured where there is none. */
export function formatShare(share: number | null): string {
  return share === null ? '–' : `${oneDecimal.format(share * 100)} %`
}

export function formatMs(ms: number | null): string {
  if (ms === null) return '–'
  return ms >= 1000 ? `${oneDecimal.format(ms / 1000)} s` : `${whole.format(ms)} ms`
}

export function formatValue(value: number | null, unit: PanelUnit): string {
  if (value === null) return '–'
  if (unit === 'percent') return `${oneDecimal.format(value)} %`
  return unit === 'milliseconds' ? formatMs(value) : whole.format(value)
}
