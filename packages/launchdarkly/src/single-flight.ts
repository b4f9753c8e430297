/** One run at a time; who comes during a run waits for one more, which all of them share. */
export interface SingleFlight<T> {
  /**
   * The outcome of a run that ends within `waitMs`, or `busy` when it could not even start by then; it does so later.
   * `run` is told how long it may take.
   */
  join(run: (limitMs: number) => Flight<T>, waitMs: number): Promise<T | 'busy'>
}

export interface Flight<T> {
  readonly landed: Promise<T>
  /** Nothing of it is under way any more: only then may the next one start. */
  readonly cleared: Promise<unknown>
}

interface Next<T> {
  readonly landed: Promise<T>
  /** The first of those who wait has to have its answer by then. */
  endAtMs: number
  isWaiting: boolean
}

/**
 * What arrives during a run may be about a change that the run did not see: sharing that run would lose it. Starting one
 * each would pile up. So one more run, for all who came.
 */
export function singleFlight<T>(nowMs: () => number = () => performance.now()): SingleFlight<T> {
  let current: Promise<unknown> | undefined
  let next: Next<T> | undefined

  const start = (run: (limitMs: number) => Flight<T>, limitMs: number): Promise<T> => {
    const { landed, cleared } = run(limitMs)
    const over = Promise.allSettled([landed, cleared]).then(() => {
      if (current === over) current = undefined
    })
    current = over
    return landed
  }

  const queue = (before: Promise<unknown>, run: (limitMs: number) => Flight<T>, waitMs: number): Next<T> => {
    const queued: Next<T> = {
      endAtMs: Number.POSITIVE_INFINITY,
      isWaiting: true,
      landed: before.then(() => {
        next = undefined
        queued.isWaiting = false
        const leftMs = queued.endAtMs - nowMs()
        // Nobody waits any more, but what they came for is still to be done.
        return start(run, leftMs > 0 ? leftMs : waitMs)
      }),
    }
    return queued
  }

  return {
    join: async (run, waitMs) => {
      if (current === undefined) return start(run, waitMs)
      next ??= queue(current, run, waitMs)
      next.endAtMs = Math.min(next.endAtMs, nowMs() + waitMs)
      return orBusy(next, waitMs)
    },
  }
}

async function orBusy<T>(queued: Next<T>, waitMs: number): Promise<T | 'busy'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'busy'>((resolve) => {
    timer = setTimeout(() => queued.isWaiting && resolve('busy'), waitMs)
  })
  try {
    return await Promise.race([queued.landed, late])
  } finally {
    clearTimeout(timer)
  }
}
