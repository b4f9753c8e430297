import { MetricUnit } from '@aws-lambda-powertools/metrics'
import { type Head, headOf, type Part, type Place } from './line.ts'

/** Sums of one metric by the value of one dimension: decisions by origin, counts by code. */
export class Tally {
  readonly #metric: string
  readonly #dimension: string
  readonly #sums = new Map<string, number>()
  readonly #heads = new Map<string, Head>()

  constructor(metric: string, dimension: string) {
    this.#metric = metric
    this.#dimension = dimension
  }

  add(value: string, by: number): void {
    this.#sums.set(value, (this.#sums.get(value) ?? 0) + by)
  }

  /** One part for each value; their sums are then forgotten here. */
  take(place: Place): readonly Part[] {
    if (this.#sums.size === 0) return []
    const parts: Part[] = []
    for (const [value, sum] of this.#sums) {
      let head = this.#heads.get(value)
      if (head === undefined) {
        head = headOf(place, { [this.#dimension]: value }, [[this.#metric, MetricUnit.Count]])
        this.#heads.set(value, head)
      }
      parts.push({ head, values: `"${this.#metric}":${sum}` })
    }
    this.#sums.clear()
    return parts
  }
}
