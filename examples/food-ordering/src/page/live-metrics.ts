import { readEmfLine } from '../demo/emf-line.ts'

/** The last seconds of every metric that the functions wrote, as CloudWatch would file it. */
export interface LiveMetrics {
  add(line: string): void
  /** The dimensions of each series of a metric that has exactly these names as dimensions, and these values where given. */
  series(name: string, names: readonly string[], equal?: Dimensions): readonly Dimensions[]
  /** All values of one series in the seconds after `from` and up to `to`. */
  values(name: string, dimensions: Dimensions, from: number, to: number): readonly number[]
  /** Lines that CloudWatch would count under `EMFValidationErrors`. */
  malformedLines(): number
}

export type Dimensions = Readonly<Record<string, string>>

interface Series {
  readonly name: string
  readonly dimensions: Dimensions
  /** By second. */
  readonly cells: Map<number, number[]>
}

/** Keeps the values of so many seconds; a series that was there stays, without values in the end. */
export function liveMetrics(keptSeconds: number): LiveMetrics {
  const all = new Map<string, Series>()
  let malformed = 0

  const seriesOf = (name: string, dimensions: Dimensions): Series => {
    const id = idOf(name, dimensions)
    const known = all.get(id)
    if (known !== undefined) return known
    const made = { name, dimensions, cells: new Map<number, number[]>() }
    all.set(id, made)
    return made
  }

  return {
    add: (line) => {
      const read = readEmfLine(line)
      if (read === 'malformed') {
        malformed += 1
        return
      }
      for (const { atMs, dimensions, name, values } of read) {
        const { cells } = seriesOf(name, dimensions)
        const second = Math.floor(atMs / 1000)
        const cell = cells.get(second)
        if (cell !== undefined) cell.push(...values)
        else {
          cells.set(second, [...values])
          for (const old of cells.keys()) if (old <= second - keptSeconds) cells.delete(old)
        }
      }
    },
    series: (name, names, equal = {}) =>
      [...all.values()].flatMap((one) =>
        one.name === name && matches(one.dimensions, names, equal) ? [one.dimensions] : [],
      ),
    values: (name, dimensions, from, to) => {
      const values: number[] = []
      for (const [second, cell] of all.get(idOf(name, dimensions))?.cells ?? []) {
        if (second > from && second <= to) values.push(...cell)
      }
      return values
    },
    malformedLines: () => malformed,
  }
}

function matches(dimensions: Dimensions, names: readonly string[], equal: Dimensions): boolean {
  if (Object.keys(dimensions).length !== names.length) return false
  if (!names.every((name) => name in dimensions)) return false
  return Object.entries(equal).every(([name, value]) => dimensions[name] === value)
}

function idOf(name: string, dimensions: Dimensions): string {
  return JSON.stringify([name, Object.entries(dimensions).sort(([left], [right]) => (left < right ? -1 : 1))])
}
