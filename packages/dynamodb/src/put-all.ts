import {
  type ChangeOutcome,
  type ChangesReport,
  type FlagChange,
  FlagDataError,
  faultsOf,
  isRefusal,
} from '@waybill/flags'
import { openMark, settleMark } from './mark.ts'
import { takeBack, writeRecords } from './records.ts'
import { rowOf } from './schema.ts'
import { expectedOf, type Place, writeRow } from './write-row.ts'
import { BATCH_SIZE } from './write-rows.ts'

/** With its place among all. */
interface Numbered {
  readonly index: number
  readonly change: FlagChange
}

/**
 * Many conditional writes, and the mark once. They go in groups of one batch of records and as many writes at once: batches
 * know no conditions, and transactions would cost double and refuse all for one. A killed writer leaves records of one group
 * at most without their writes.
 */
export async function putAll(place: Place, changes: readonly FlagChange[]): Promise<ChangesReport> {
  const outcomes = new Map<number, ChangeOutcome>()
  const writable: Numbered[] = []
  const faults = faultsOf(changes)
  for (const [index, change] of changes.entries()) {
    const error = faults.get(index) ?? tooLarge(place, change)
    if (error) outcomes.set(index, { status: 'refused', error })
    else writable.push({ index, change })
  }
  const failures: FlagDataError[] = []
  const noted = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof FlagDataError)) throw error
      failures.push(error)
    }
  }
  await noted(async () => {
    const opened = await openMark(place, writable)
    await noted(async () => {
      for (let start = 0; start < writable.length && failures.length === 0; start += BATCH_SIZE) {
        await opened?.keep()
        await writeGroup(place, writable.slice(start, start + BATCH_SIZE), outcomes)
      }
    })
    await settleMark(place, { create: false, opened })
  })
  const [failure] = failures
  return {
    outcomes: changes.map((_, index) => outcomes.get(index) ?? { status: 'unknown' }),
    ...(failure === undefined ? {} : { failure }),
  }
}

/** Looked at ahead, so that one too large record does not hold up its group. */
function tooLarge({ schema, writer }: Place, { kind, item, record }: FlagChange): FlagDataError | undefined {
  try {
    rowOf(schema, kind, item, { writeId: '', owner: writer })
    if (record !== undefined) rowOf(schema, 'audit', record, { writeId: '' })
    return undefined
  } catch (error) {
    if (isRefusal(error)) return error
    throw error
  }
}

/** Rejects when the engine fails, once all that it was asked has an outcome or none. */
async function writeGroup(
  place: Place,
  group: readonly Numbered[],
  outcomes: Map<number, ChangeOutcome>,
): Promise<void> {
  await writeRecords(
    place,
    group.flatMap(({ change: { record } }) => record ?? []),
  )
  const settled = await Promise.allSettled(
    group.map(async ({ index, change: { kind, item, ifVersion } }) => {
      try {
        const { outcome } = await writeRow(place, kind, item, expectedOf(ifVersion))
        outcomes.set(index, { status: outcome })
      } catch (error) {
        if (!isRefusal(error)) throw error
        outcomes.set(index, { status: 'refused', error })
      }
    }),
  )
  const unwritten = group.filter(({ index }) => ['stale', 'refused'].includes(outcomes.get(index)?.status ?? ''))
  await takeBack(
    place,
    unwritten.flatMap(({ change: { record } }) => record ?? []),
  )
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
