/** What the page is told of rollouts, in each state. */
export interface RolloutSection {
  /** Absent: there was none yet. */
  readonly rollout?: ShownRollout
  /** Newest first. */
  readonly entries: readonly RolloutEntry[]
  /** Of this rollout, minute by minute. */
  readonly evidence: readonly RolloutEvidence[]
}

export interface ShownRollout {
  readonly id: string
  readonly phase: 'ramping' | 'awaiting-approval' | 'paused' | 'frozen' | 'baking' | 'complete' | 'rolled-back'
  readonly attempt: number
  /** Counted from 0. */
  readonly step: number
  /** `asks`: it is not entered before somebody approves. */
  readonly steps: readonly { readonly percent: number; readonly asks: boolean }[]
  /** What the flag has. */
  readonly percent: number
  readonly guardrails: readonly {
    readonly about: string
    readonly words: string
    /** Of the limit: above 1 it is broken. */
    readonly share: number
  }[]
  readonly users: readonly {
    readonly variation: string
    readonly seen: number
    readonly errored: number
    readonly slow: number
  }[]
}

/** Minutes are those of the rollout's clock, since it began. */
export interface RolloutEntry {
  readonly minute: number
  readonly untilMinute: number
  readonly who: 'judge' | 'you'
  readonly what: string
  readonly why: string
}

export interface RolloutEvidence {
  readonly minute: number
  /** By guardrail: how much of its limit there is. */
  readonly shares: Readonly<Record<string, number>>
}
