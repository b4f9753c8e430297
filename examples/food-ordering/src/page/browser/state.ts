/** What the server tells the page: `welcome` once, `state` every second. */
import type { Panel } from '@waybill/dashboards'
import type { RolloutSection } from './rollout-state.ts'

export interface Welcome {
  readonly flag: string
  readonly canary: string
  readonly control: string
  /** In the order of the chain. */
  readonly services: readonly string[]
  readonly overview: readonly Panel[]
  readonly servicePanels: Readonly<Record<string, readonly Panel[]>>
  /** How many seconds each point sums up; CloudWatch's dashboards have 60. */
  readonly windowSeconds: number
  /** How many seconds are kept. */
  readonly keptSeconds: number
  readonly history: readonly Frame[]
}

export interface PageState {
  readonly frame: Frame
  readonly functions: readonly FunctionNumbers[]
  readonly traffic: readonly Traffic[]
  readonly verdicts: readonly Verdict[]
  readonly flag: FlagState
  readonly bug: BugName
  readonly load: LoadCounts
  /** Newest first. */
  readonly changes: readonly Change[]
  /** Lines that CloudWatch would count under `EMFValidationErrors`. */
  readonly malformedLines: number
  readonly rollout: RolloutSection
}

/** All charts at one second. */
export interface Frame {
  readonly atSeconds: number
  /** By `panelKey`. */
  readonly panels: Readonly<Record<string, readonly Line[]>>
}

/** Under which name a frame holds a panel's lines. */
export function panelKey({ id, service }: Pick<Panel, 'id' | 'service'>): string {
  return service === undefined ? id : `${id} ${service}`
}

/** One line of a chart; `detail` is a percentile, an origin or a code. */
export interface Line {
  readonly service?: string
  readonly variation?: string
  readonly detail?: string
  /** `null` where CloudWatch would have no data. */
  readonly value: number | null
}

/** One function and variation over the window. Rates are from 0 to 1. */
export interface FunctionNumbers {
  readonly service: string
  readonly variation: string
  readonly started: number
  readonly finished: number
  readonly errors: number
  /** Of what was started, what will not finish any more, as far as one can tell. */
  readonly lost: number
  readonly share: number | null
  readonly errorRate: number | null
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
}

/** What one function did in the last second. */
export interface Traffic {
  readonly service: string
  readonly variation: string
  readonly started: number
  readonly errors: number
}

export interface Verdict {
  readonly service: string
  readonly kind: 'fails' | 'slow' | 'unfinished'
  readonly words: string
}

export interface FlagState {
  readonly on: boolean
  /** What the rollout gives the canary while the flag is on. */
  readonly percent: number
  readonly version: number
}

export type BugName = 'none' | 'error' | 'slowness' | 'out-of-memory'

export interface LoadCounts {
  readonly ratePerSecond: number
  readonly placed: number
  readonly refused: number
}

export interface Change {
  readonly atMs: number
  readonly who: string
  readonly action: string
  readonly comment: string
  readonly version: number
}

/** What a POST answers when it was not done. */
export interface Refusal {
  readonly error: string
}
