import type { MinuteCounts } from './guardrails.ts'

/** Whose minutes are asked for: from the start of one minute, inclusive, to that of another. */
export interface MinutesQuery {
  readonly flag: string
  readonly variation: string
  readonly fromMs: number
  readonly untilMs: number
  readonly signal?: AbortSignal
}

/** Reads what a variation did, minute by minute, over all functions. Rejects when it cannot be known. */
export type ReadMinutes = (query: MinutesQuery) => Promise<readonly MinuteCounts[]>
