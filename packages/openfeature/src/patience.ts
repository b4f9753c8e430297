const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 30_000

/**
 * How long requests wait for a provider that does not answer: one deadline, then not at all for a second, two, four, up to
 * 30. A provider that hangs would otherwise cost every request a deadline.
 */
export class Patience {
  readonly #nowMs: () => number
  #misses = 0
  #sinceMs = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get isOver(): boolean {
    if (this.#misses === 0) return false
    const passedMs = this.#nowMs() - this.#sinceMs
    return passedMs >= 0 && passedMs < Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#misses - 1))
  }

  lose(): void {
    this.#misses += 1
    this.#sinceMs = this.#nowMs()
  }

  regain(): void {
    this.#misses = 0
  }
}
