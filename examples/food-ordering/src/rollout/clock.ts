/** A clock whose minutes pass within a second or so: for rollouts that somebody watches. */
export interface RolloutClock {
  /** Milliseconds since the epoch, on this clock. */
  nowMs(): number
  /** The moment of the wall's clock, on this one. */
  fromWall(wallMs: number): number
  toWall(rolloutMs: number): number
  /** Whole minutes since it began. */
  minuteOf(rolloutMs: number): number
}

export interface RolloutClockOptions {
  /** How long one minute of it takes. */
  readonly minuteTakesMs: number
  readonly wallMs?: () => number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/**
 * Begins at a full minute, a day ahead: what has a time of this clock is told apart from what has one of the wall, and
 * neither engines nor times to live, which go by the wall, take anything for expired.
 */
export function rolloutClock({ minuteTakesMs, wallMs = Date.now }: RolloutClockOptions): RolloutClock {
  const beganWallMs = wallMs()
  const beganMs = Math.ceil((beganWallMs + DAY_MS) / MINUTE_MS) * MINUTE_MS
  const speed = MINUTE_MS / minuteTakesMs
  const fromWall = (atMs: number): number => beganMs + (atMs - beganWallMs) * speed
  return {
    nowMs: () => Math.floor(fromWall(wallMs())),
    fromWall,
    // What was written by the wall's clock says what it is.
    toWall: (atMs) => (atMs < beganMs ? atMs : beganWallMs + (atMs - beganMs) / speed),
    minuteOf: (atMs) => Math.floor((atMs - beganMs) / MINUTE_MS),
  }
}

/** Calls once in each minute of the clock, soon after it began; the next call waits for the one before. */
export function eachMinute(
  clock: RolloutClock,
  call: () => Promise<void>,
  wallMs: () => number = Date.now,
): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let calling = Promise.resolve()
  let stopped = false
  const next = (): void => {
    const nextMinuteMs = (Math.floor(clock.nowMs() / MINUTE_MS) + 1) * MINUTE_MS
    const waitMs = Math.max(1, Math.ceil(clock.toWall(nextMinuteMs) - wallMs()))
    timer = setTimeout(() => {
      // Timers may be early by a millisecond, which is part of the minute before.
      if (clock.nowMs() < nextMinuteMs) return next()
      calling = call().finally(() => {
        if (!stopped) next()
      })
    }, waitMs)
  }
  next()
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await calling
    },
  }
}
