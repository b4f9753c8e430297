import type { Phase } from './state.ts'

/** What a rollout tells the world, in the order in which a healthy one does. EventBridge has it as `detail-type`. */
export type RolloutEventType =
  | 'Rollout Started'
  /** Before a step that somebody has to approve: for hooks that test first, and answer with an approval or a rollback. */
  | 'Rollout Approval Wanted'
  /** After a step: its percentage is in the flag. */
  | 'Rollout Step Entered'
  | 'Rollout Paused'
  | 'Rollout Frozen'
  | 'Rollout Resumed'
  | 'Rollout Rolled Back'
  | 'Rollout Complete'

/** One change of a rollout. It is published once or more often: the same change has the same `id`. */
export interface RolloutEvent {
  readonly id: string
  readonly type: RolloutEventType
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly flag: string
  /** The plan's id. */
  readonly rollout: string
  readonly attempt: number
  readonly phase: Phase
  /** Counted from 0: the one that the rollout is in, or with `Rollout Approval Wanted` the one that waits. */
  readonly step: number
  /** The canary's percentage of users from now on. */
  readonly percent: number
  readonly who: string
  /** What the judge found, or what a human said. */
  readonly reasons: readonly string[]
}

/** Takes events; rejects when not all of them were taken, and is then given all of them again. */
export type PublishEvents = (events: readonly RolloutEvent[]) => Promise<void>
