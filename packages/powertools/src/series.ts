import { MetricUnit } from '@aws-lambda-powertools/metrics'
import { DIMENSION_NAMES, METRIC_NAMES, OTHER_VARIATION } from '@waybill/core'
import { type Head, headOf, MAX_VALUES, member, type Part, type Place, type Unit } from './line.ts'

/** A metric of the user's own. */
export interface Named {
  readonly name: string
  readonly unit: Unit
}

/** What waits to be written of one flag and variation. */
export class Series {
  /** When it was written last; -Infinity since all was written. */
  writtenMs: number = Number.NEGATIVE_INFINITY
  readonly #place: Place
  readonly #dimensions: Readonly<Record<string, string>>
  readonly #heads = new Map<string, Head>()
  #started = 0
  #errors: number[] = []
  #latencies: number[] = []
  readonly #named = new Map<Named, number[]>()

  constructor(place: Place, flag: string, variation: string) {
    this.#place = place
    this.#dimensions = { [DIMENSION_NAMES.flag]: flag, [DIMENSION_NAMES.variation]: variation }
  }

  started(): void {
    this.#started += 1
  }

  /** Without a latency: no handler ran. */
  finished(error: 0 | 1, latencyMs: number | undefined): void {
    this.#errors.push(error)
    if (latencyMs !== undefined) this.#latencies.push(latencyMs)
  }

  add(metric: Named, value: number): void {
    const values = this.#named.get(metric)
    if (values === undefined) this.#named.set(metric, [value])
    else values.push(value)
  }

  /** One more value of anything may not fit into a line. */
  get isFull(): boolean {
    if (this.#errors.length >= MAX_VALUES) return true
    for (const values of this.#named.values()) if (values.length >= MAX_VALUES) return true
    return false
  }

  /** What waits, which is then forgotten here. */
  take(): Part | undefined {
    const { started, error, latency } = METRIC_NAMES
    let kind = ''
    let values = ''
    const put = (sign: string, text: string): void => {
      kind += sign
      values += values === '' ? text : `,${text}`
    }
    if (this.#started > 0) put('s', `"${started}":${this.#started}`)
    if (this.#errors.length > 0) put('e', member(error, this.#errors))
    if (this.#latencies.length > 0) put('l', member(latency, this.#latencies))
    for (const [{ name, unit }, all] of this.#named) put(` ${unit} ${name}`, member(name, all))
    if (kind === '') return undefined
    let head = this.#heads.get(kind)
    if (head === undefined) {
      head = headOf(this.#place, this.#dimensions, this.#units())
      this.#heads.set(kind, head)
    }
    this.#started = 0
    if (this.#errors.length > 0) this.#errors = []
    if (this.#latencies.length > 0) this.#latencies = []
    this.#named.clear()
    return { head, values }
  }

  /** A part for one more affected user, whatever else waits. */
  affectedUser(): Part {
    const { affectedUsers } = METRIC_NAMES
    const head = headOf(this.#place, this.#dimensions, [[affectedUsers, MetricUnit.Count]])
    return { head, values: `"${affectedUsers}":1` }
  }

  #units(): (readonly [string, Unit])[] {
    const { started, error, latency } = METRIC_NAMES
    const units: (readonly [string, Unit])[] = []
    if (this.#started > 0) units.push([started, MetricUnit.Count])
    if (this.#errors.length > 0) units.push([error, MetricUnit.Count])
    if (this.#latencies.length > 0) units.push([latency, MetricUnit.Milliseconds])
    for (const { name, unit } of this.#named.keys()) units.push([name, unit])
    return units
  }
}

/** Finds the series of a flag and variation; those beyond the cap share one per flag, so that its totals stay right. */
export function seriesPool(
  place: () => Place,
  maxSeries: number,
  warnOnce: (message: string) => void,
): (flag: string, variation: string) => Series {
  const flags = new Map<string, Map<string, Series>>()
  let size = 0

  const add = (known: Map<string, Series>, flag: string, variation: string): Series => {
    const series = new Series(place(), flag, variation)
    known.set(variation, series)
    return series
  }
  return (flag, variation) => {
    let known = flags.get(flag)
    const found = known?.get(variation)
    if (found !== undefined) return found
    if (known === undefined) {
      known = new Map()
      flags.set(flag, known)
    }
    if (size < maxSeries) {
      size += 1
      return add(known, flag, variation)
    }
    const of = `"${variation}" of "${flag}" is the first of them`
    warnOnce(`more than ${maxSeries} series of metrics, the rest is counted as ${OTHER_VARIATION}: ${of}`)
    return known.get(OTHER_VARIATION) ?? add(known, flag, OTHER_VARIATION)
  }
}
