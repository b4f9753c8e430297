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

/** Calls timed together: a single one is shorter than the clock's step. */
const BLOCK = 64

/** Times contenders in turn in this process; medians, since a mean of a shared machine says more of its neighbours. */
export async function measure(contenders: readonly Contender[], timeMs = 600): Promise<readonly Measured[]> {
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 3, throws: true })
  const scale = new Map<string, number>()
  for (const { name, run, operations = 1 } of contenders) {
    let index = 0
    const block = operations > 1 ? 1 : BLOCK
    scale.set(name, block * operations)
    bench.add(name, async () => {
      for (let at = 0; at < block; at += 1) {
        index += 1
        const result = run(index)
        if (result instanceof Promise) await result
      }
    })
  }
  await bench.run()
  return bench.tasks.map(({ name, result }) => {
    if (!('latency' in result)) throw new Error(`${name} was not measured`)
    return { name, us: (result.latency.p50 * 1000) / (scale.get(name) ?? 1) }
  })
}
