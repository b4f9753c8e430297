import { Bench } from 'tinybench'

export interface Contender {
  readonly name: string
  /** One operation; `index` counts up, for inputs that must differ. */
  readonly run: (index: number) => unknown
  /** How many operations one call of `run` stands for. Default 1. */
  readonly operations?: number
}

export interface Measured {
  readonly name: string
  /** Median microseconds for one operation. */
  readonly us: number
}

/** How often every contender has its turn: what the machine's neighbours do then is shared out among all. */
const ROUNDS = 15

export interface MeasureOptions {
  /** For each contender, over all rounds. Default 600. */
  readonly timeMs?: number
  /**
   * Calls timed together: a single one is shorter than the clock's step, and collects no garbage of its own, which a median
   * would leave out. Default 64.
   */
  readonly block?: number
}

/** Times contenders in turn, round after round; medians, since a mean of a shared machine says more of its neighbours. */
export async function measure(
  contenders: readonly Contender[],
  { timeMs = 600, block = 64 }: MeasureOptions = {},
): Promise<readonly Measured[]> {
  const calls = contenders.map(({ run }) => called(run, block))
  const rounds: number[][] = contenders.map(() => [])
  for (let round = 0; round < ROUNDS; round += 1) {
    // The compiler is to be done with everybody before anybody is timed.
    const warmupTime = round === 0 ? timeMs / 3 : 10
    const bench = new Bench({ time: timeMs / ROUNDS, iterations: 4, warmupTime, warmupIterations: 4, throws: true })
    for (const [index, { name }] of contenders.entries()) bench.add(name, calls[index] ?? (() => {}))
    await bench.run()
    for (const [index, { name, result }] of bench.tasks.entries()) {
      if (!('latency' in result)) throw new Error(`${name} was not measured`)
      rounds[index]?.push(result.latency.p50 * 1000)
    }
  }
  return contenders.map(({ name, operations = 1 }, index) => ({
    name,
    us: median(rounds[index] ?? []) / (block * operations),
  }))
}

function called(run: Contender['run'], times: number): () => Promise<void> {
  let index = 0
  return async () => {
    for (let at = 0; at < times; at += 1) {
      index += 1
      const result = run(index)
      if (result instanceof Promise) await result
    }
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
