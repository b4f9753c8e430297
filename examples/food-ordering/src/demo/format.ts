import type { RouteResult, ServiceResult } from './results.ts'

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const oneDecimal = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

export function formatCount(value: number): string {
  return grouped.format(value)
}

/** A share as a percentage; `–` of nothing, since 0 % of nothing would read as good news. */
export function formatShare(part: number, whole: number): string {
  return whole === 0 ? '–' : `${oneDecimal.format((part * 100) / whole)} %`
}

export function formatMs(ms: number): string {
  if (ms >= 1000) return formatSeconds(ms)
  return `${ms < 100 ? oneDecimal.format(ms) : formatCount(ms)} ms`
}

export function formatSeconds(ms: number): string {
  return `${oneDecimal.format(ms / 1000)} s`
}

/** The canary's share of all users who ordered. */
export function formatUsersTouched({ canaryUsers, users }: RouteResult): string {
  return `${formatCount(canaryUsers)} (${formatShare(canaryUsers, users)})`
}

/** Functions in the order of the chain: those that are no hop (the edge) first, then the hops; control before canary. */
export function byChain(route: RouteResult): (left: ServiceResult, right: ServiceResult) => number {
  const position = ({ service }: ServiceResult) => route.hops.findIndex((hop) => hop.service === service)
  return (left, right) =>
    position(left) - position(right) ||
    left.service.localeCompare(right.service) ||
    left.flag.localeCompare(right.flag) ||
    Number(left.variation !== 'control') - Number(right.variation !== 'control') ||
    left.variation.localeCompare(right.variation)
}
