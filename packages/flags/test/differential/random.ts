/** A seeded source of choices: the same seed makes the same data. */
export interface Random {
  /** Below 1. */
  readonly next: () => number
  readonly chance: (probability: number) => boolean
  readonly below: (limit: number) => number
  readonly pick: <T>(all: readonly T[]) => T
  /** A list of up to `most` members. */
  readonly list: <T>(most: number, make: () => T) => readonly T[]
}

/** Mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: <T>(all: readonly T[]): T => all[below(all.length)] as T,
    list: (most, make) => Array.from({ length: below(most + 1) }, make),
  }
}
