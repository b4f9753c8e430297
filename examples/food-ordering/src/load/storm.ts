import { pick, type Random } from '../demo/random.ts'
import type { Breakable, Outage } from './engines.ts'
import { FAULT_KINDS, type FunctionFault } from './faults.ts'

export interface EngineStep {
  readonly atMs: number
  readonly engine: string
  readonly outage: Outage
  readonly forMs: number
}

export interface FunctionStep {
  readonly atMs: number
  readonly functionName: string
  readonly fault: FunctionFault
}

export interface Storm {
  readonly engines: readonly EngineStep[]
  readonly functions: readonly FunctionStep[]
}

/** From and to, in milliseconds. */
type Range = readonly [fromMs: number, toMs: number]

export interface StormOptions {
  readonly random: Random
  readonly durationMs: number
  readonly breakables: Readonly<Record<string, Pick<Breakable, 'outages'>>>
  readonly functionNames: readonly string[]
  /** How long an engine is down, and how long all are up afterwards. */
  readonly downMs: Range
  readonly upMs: Range
  /** From one function's fault to the next. */
  readonly faultEveryMs: Range
}

/**
 * A storm drawn ahead: one engine is down at a time, while functions fail on their own. It first deals each pair of
 * engine and outage once, and each kind of fault once, in a random order, then draws freely until the time is up.
 */
export function drawStorm(options: StormOptions): Storm {
  const { random, durationMs, breakables, functionNames, downMs, upMs, faultEveryMs } = options
  const between = ([from, to]: Range): number => Math.round(from + random() * (to - from))

  const pairs = Object.entries(breakables).flatMap(([engine, { outages }]) =>
    outages.map((outage) => ({ engine, outage })),
  )
  // Kills come first, so that even a short storm has one of each.
  const kills = shuffled(
    random,
    pairs.filter(({ outage }) => outage === 'kill'),
  )
  const others = shuffled(
    random,
    pairs.filter(({ outage }) => outage !== 'kill'),
  )
  const dealt = [...kills, ...others]
  const engines: EngineStep[] = []
  for (let atMs = between(upMs), turn = 0; atMs < durationMs; turn++) {
    const forMs = between(downMs)
    engines.push({ atMs, ...(dealt[turn] ?? pick(random, pairs)), forMs })
    atMs += forMs + between(upMs)
  }

  const kinds = shuffled(random, FAULT_KINDS)
  const names = shuffled(random, functionNames)
  const functions: FunctionStep[] = []
  for (let atMs = between(faultEveryMs), turn = 0; atMs < durationMs; turn++) {
    const kind = kinds[turn] ?? pick(random, FAULT_KINDS)
    const functionName = names[turn] ?? pick(random, functionNames)
    functions.push({ atMs, functionName, fault: { kind, afterMs: between([0, 40]) } })
    atMs += between(faultEveryMs)
  }
  return { engines, functions }
}

/** Brews it: resolves when it is over and every engine is whole again. */
export async function runStorm(
  storm: Storm,
  breakables: Readonly<Record<string, Breakable>>,
  strike: (functionName: string, fault: FunctionFault) => void,
  wait: (untilMs: number) => Promise<void>,
): Promise<void> {
  const breaking = async (): Promise<void> => {
    for (const { atMs, engine, outage, forMs } of storm.engines) {
      await wait(atMs)
      const breakable = breakables[engine]
      await breakable?.break(outage)
      await wait(atMs + forMs)
      await breakable?.mend()
    }
  }
  const striking = async (): Promise<void> => {
    for (const { atMs, functionName, fault } of storm.functions) {
      await wait(atMs)
      strike(functionName, fault)
    }
  }
  await Promise.all([breaking(), striking()])
}

function shuffled<T>(random: Random, all: readonly T[]): readonly T[] {
  return all
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)
}
