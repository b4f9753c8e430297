import { METRIC_NAMES } from '@waybill/core'

/** How the values of a panel read. */
export type PanelUnit = 'percent' | 'milliseconds' | 'count'

/**
 * What one chart shows, without saying how it is drawn: CloudWatch's widgets are made of it, and any other page can be.
 * `service` is absent where all of them are in one chart.
 */
export interface Panel {
  readonly id: PanelId
  readonly title: string
  /** One sentence: what to look for. */
  readonly hint: string
  readonly unit: PanelUnit
  readonly service?: string
}

export type PanelId =
  | 'error-rate'
  | 'error-difference'
  | 'affected-users'
  | 'latency'
  | 'share'
  | 'unfinished'
  | 'origins'
  | 'counts'

/** The charts of all services together, in reading order. */
export const OVERVIEW: readonly Panel[] = [
  {
    id: 'error-rate',
    title: 'Error rate',
    hint: `Average of ${METRIC_NAMES.error}, by service and variation: attempts that failed, of those that finished.`,
    unit: 'percent',
  },
  {
    id: 'error-difference',
    title: 'Canary minus control: error rate',
    hint: 'In percentage points, by service. Zero is a canary that fails as control does; an incident moves both.',
    unit: 'percent',
  },
  {
    id: 'affected-users',
    title: 'Newly affected users',
    hint: 'Each user once in a rollout, at the first failure: what a judge of sticky users has to count.',
    unit: 'count',
  },
  {
    id: 'origins',
    title: 'Where decisions came from',
    hint: 'Inner functions should show propagated ones. A default is a decision that did not arrive.',
    unit: 'count',
  },
  {
    id: 'counts',
    title: 'Refused, shed and lost',
    hint: 'The ledger by code. What each code means is in the operations guide.',
    unit: 'count',
  },
]

/** The charts of one service. */
export function servicePanels(service: string): readonly Panel[] {
  return [
    { id: 'error-rate', title: 'Error rate', hint: 'By variation.', unit: 'percent', service },
    { id: 'latency', title: 'Latency p50, p95, p99', hint: 'By variation.', unit: 'milliseconds', service },
    { id: 'share', title: 'Request share', hint: 'Of what was started, by variation.', unit: 'percent', service },
    {
      id: 'unfinished',
      title: 'Started minus finished',
      hint: 'Above zero: killed on the way by memory, time or a crash, and so without an error of its own.',
      unit: 'count',
      service,
    },
  ]
}
