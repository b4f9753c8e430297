import { DIMENSION_NAMES, METRIC_NAMES } from '@waybill/core'
import { lineOf, type Part, type Place } from './line.ts'
import type { Series } from './series.ts'
import { Tally } from './tally.ts'

/**
 * How long values of a batch's records may wait for each other, and so how much a process that is killed takes along of
 * those that had finished.
 */
const WAIT_MS = 100

/**
 * Collects what the records of a batch have to say, and writes it in few lines. What a killed process leaves behind is
 * what matters: of each series the first `Started` is out before its handler runs, those of the same turn before anything
 * that they wait for comes back, and from then on none is older than 100 ms.
 */
export class Writer {
  readonly origins: Tally = new Tally(METRIC_NAMES.decisions, DIMENSION_NAMES.origin)
  readonly counts: Tally = new Tally(METRIC_NAMES.counts, DIMENSION_NAMES.code)
  readonly #place: () => Place
  readonly #write: (line: string) => void
  readonly #nowMs: () => number
  readonly #waiting = new Set<Series>()
  /** Written since all was written. */
  readonly #recent = new Set<Series>()
  #timer: NodeJS.Timeout | undefined
  #turnIsOver = false

  constructor(place: () => Place, write: (line: string) => void, nowMs: () => number) {
    this.#place = place
    this.#write = write
    this.#nowMs = nowMs
  }

  /** `Started` before a handler runs; a record's may wait for its neighbours'. */
  start(series: Series, mayWait: boolean): void {
    series.started()
    if (!mayWait || performance.now() - series.writtenMs >= WAIT_MS) {
      this.#writeSeries(series)
      return
    }
    this.#waiting.add(series)
    if (this.#turnIsOver) this.#later()
    else {
      this.#turnIsOver = true
      queueMicrotask(() => this.#writeWaiting())
    }
  }

  /** Something of the series waits; `isLast`: only until `all`, which comes next. */
  changed(series: Series, isLast = false): void {
    if (series.isFull) this.#writeSeries(series)
    else {
      this.#waiting.add(series)
      if (!isLast) this.#later()
    }
  }

  /** A part by itself, at once. */
  one(part: Part): void {
    this.#write(lineOf(this.#nowMs(), [part]))
  }

  /** Writes all that waits: the environment may freeze. Parts of different dimensions share lines. */
  all(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    this.#turnIsOver = false
    const ofSeries: Part[] = []
    for (const series of this.#waiting) {
      const part = series.take()
      if (part !== undefined) ofSeries.push(part)
    }
    this.#waiting.clear()
    for (const series of this.#recent) series.writtenMs = Number.NEGATIVE_INFINITY
    this.#recent.clear()
    const place = this.#place()
    const origins = this.origins.take(place)
    const counts = this.counts.take(place)
    const lines = Math.max(ofSeries.length, origins.length, counts.length)
    if (lines === 0) return
    const nowMs = this.#nowMs()
    for (let index = 0; index < lines; index += 1) {
      const parts: Part[] = []
      for (const one of [ofSeries[index], origins[index], counts[index]]) if (one !== undefined) parts.push(one)
      this.#write(lineOf(nowMs, parts))
    }
  }

  #writeSeries(series: Series): void {
    this.#waiting.delete(series)
    const part = series.take()
    if (part === undefined) return
    series.writtenMs = performance.now()
    this.#recent.add(series)
    this.one(part)
  }

  #writeWaiting(): void {
    for (const series of this.#waiting) this.#writeSeries(series)
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#writeWaiting()
    }, WAIT_MS).unref()
  }
}
