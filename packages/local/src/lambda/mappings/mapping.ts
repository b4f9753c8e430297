import { pause } from '../../pause.ts'

/** An event-source mapping at work. */
export interface EventSourceMapping {
  /** Records that a handler took without failing; each counts once. */
  readonly delivered: () => number
  /** Resolves when the source is drained and nothing is in flight. */
  readonly idle: () => Promise<void>
  /** Stops polling; resolves when what is in flight is settled. */
  readonly stop: () => Promise<void>
}

/** The event of a batch may not exceed an invocation's limit; what is left over goes into the next one. */
const eventLimitBytes = 6 * 1024 * 1024
const envelopeBytes = '{"Records":[]}'.length

/** Cuts records into batches whose event fits an invocation. */
export function splitBySize<Item extends object>(
  records: readonly Item[],
  limitBytes: number = eventLimitBytes,
): readonly (readonly Item[])[] {
  const batches: Item[][] = []
  let current: Item[] = []
  let size = envelopeBytes
  for (const record of records) {
    const bytes = Buffer.byteLength(JSON.stringify(record)) + 1
    if (current.length > 0 && size + bytes > limitBytes) {
      batches.push(current)
      current = []
      size = envelopeBytes
    }
    current.push(record)
    size += bytes
  }
  if (current.length > 0) batches.push(current)
  return batches
}

/** Runs `step` until the signal is aborted. An error is handed over and followed by a pause. */
export async function repeat(
  step: () => Promise<void>,
  options: { readonly signal: AbortSignal; readonly pauseMs: number; readonly onError: (error: unknown) => void },
): Promise<void> {
  const { signal, pauseMs, onError } = options
  while (!signal.aborted) {
    try {
      await step()
    } catch (error) {
      if (signal.aborted) return
      onError(error)
      await pause(pauseMs, signal)
    }
  }
}
