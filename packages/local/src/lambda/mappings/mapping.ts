import { setTimeout as sleep } from 'node:timers/promises'

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
export function splitBySize<Item extends object>(records: readonly Item[]): readonly (readonly Item[])[] {
  const batches: Item[][] = []
  let current: Item[] = []
  let size = envelopeBytes
  for (const record of records) {
    const bytes = Buffer.byteLength(JSON.stringify(record)) + 1
    if (current.length > 0 && size + bytes > eventLimitBytes) {
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

/** Waits, but no longer than the signal allows; never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
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
