/** Keeps the inputs that took longest, to be timed again: a single timing may have met the garbage collector. */
export class Slowest<T> {
  readonly #most: number
  readonly #held: { readonly tookMs: number; readonly input: T }[] = []
  #threshold = 0

  constructor(most: number) {
    this.#most = most
  }

  offer(tookMs: number, input: T): void {
    if (tookMs <= this.#threshold) return
    this.#held.push({ tookMs, input })
    if (this.#held.length < 2 * this.#most) return
    this.#held.sort((a, b) => b.tookMs - a.tookMs)
    this.#held.length = this.#most
    this.#threshold = this.#held.at(-1)?.tookMs ?? 0
  }

  get inputs(): readonly T[] {
    return this.#held
      .toSorted((a, b) => b.tookMs - a.tookMs)
      .slice(0, this.#most)
      .map(({ input }) => input)
  }
}

/** The best of several timings, in milliseconds; `prepare` is not timed. */
export function bestOf<P>(times: number, prepare: () => P, run: (prepared: P) => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let time = 0; time < times; time += 1) {
    const prepared = prepare()
    const startMs = performance.now()
    run(prepared)
    best = Math.min(best, performance.now() - startMs)
  }
  return best
}
