import type { AffectedUsers } from '@waybill/core'
import { withDeadline } from '@waybill/flags'
import { messageOf } from './errors.ts'
import { isAbsolute, type MinuteCounts } from './guardrails.ts'
import type { Observations } from './judge.ts'
import type { CheckedPlan } from './plan.ts'
import type { UserCount } from './state.ts'

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

/** Where what is observed comes from. */
export interface ObservingOptions {
  /** Where errored and slow users are counted. */
  readonly affectedUsers: Pick<AffectedUsers, 'totals'>
  /** Attempts minute by minute, such as `cloudWatchMinutes` reads them. Absolute guardrails need it. */
  readonly minutes?: ReadMinutes
  /** As the functions' observer has it: one in so many users counts as seen. Default 100. */
  readonly seenOneIn?: number
  /** As the functions' observer has it. Default: the flag's key. */
  readonly rolloutOf?: (flag: string) => string
  /** How long one reading of counts may take. Default 5,000. */
  readonly deadlineMs?: number
}

export interface Observed {
  readonly observations: Observations
  /** Why something could not be read. */
  readonly faults: readonly string[]
}

const MINUTE_MS = 60_000
/** As many as the widest guardrail's window has. */
const WINDOW_MINUTES = 60

/** Reads what the judge wants to know. What cannot be read is unknown, and the reading goes on. */
export async function observe(options: ObservingOptions, plan: CheckedPlan, untilMs: number): Promise<Observed> {
  const { affectedUsers, minutes, seenOneIn = 100, rolloutOf = (flag) => flag, deadlineMs = 5_000 } = options
  const faults: string[] = []
  const known = async <T>(what: string, read: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    try {
      return await withDeadline(read, deadlineMs)
    } catch (error) {
      faults.push(`${what}: ${messageOf(error)}`)
      return undefined
    }
  }
  const query = { flag: plan.flag, variation: plan.canary, fromMs: untilMs - WINDOW_MINUTES * MINUTE_MS, untilMs }
  const [users, read] = await Promise.all([
    known('affected users', async () => counts(await affectedUsers.totals(plan.flag, rolloutOf(plan.flag)))),
    minutes === undefined ? undefined : known('metrics', (signal) => minutes({ ...query, signal })),
  ])
  const needing = plan.guardrails.find(isAbsolute)
  if (minutes === undefined && needing !== undefined) {
    faults.push(`metrics: the controller has no option "minutes", and ${needing.kind} needs them`)
  }
  return { observations: { untilMs, users, minutes: read, seenOneIn }, faults }
}

/** Evidence that has once taken in what is no number is none any more. */
function counts(totals: readonly UserCount[]): readonly UserCount[] {
  const odd = totals.find(({ users }) => !Number.isSafeInteger(users) || users < 0)
  if (odd !== undefined) throw new Error(`a total of ${odd.users} users`)
  return totals
}
