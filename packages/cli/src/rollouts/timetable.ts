import type { CheckedPlan } from '@waybill/rollout'

/** A step of a plan, and when it begins if nothing holds it. */
export interface TimetableRow {
  /** Counted from 1, as people do. */
  readonly step: number
  readonly percent: number
  readonly holdMinutes: number
  readonly earliestAfterMinutes: number
  /** Not before somebody approves it. */
  readonly needsApproval: boolean
}

export interface Timetable {
  readonly rows: readonly TimetableRow[]
  readonly completeAfterMinutes: number
}

/** The earliest that each step can begin: its predecessor's time is over, and the numbers of that time are believed. */
export function timetableOf({ steps, bakeMinutes, lagMinutes, approvals }: CheckedPlan): Timetable {
  let afterMinutes = 0
  const rows = steps.map(({ percent, holdMinutes }, index): TimetableRow => {
    const earliestAfterMinutes = afterMinutes
    afterMinutes += holdMinutes + lagMinutes
    return { step: index + 1, percent, holdMinutes, earliestAfterMinutes, needsApproval: approvals.includes(index) }
  })
  return { rows, completeAfterMinutes: afterMinutes + bakeMinutes }
}
