/** Randomness that replays: the same seed and the same case number give the same case, whatever ran before. */
export interface Random {
  /** 0 <= n < 1. */
  next(): number
  /** A whole number below `end`. */
  below(end: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** A copy in another order. */
  shuffled<T>(list: readonly T[]): T[]
}

/** Mulberry32 over a mixed seed: fast, and good enough to choose test cases by. */
export function seededRandom(seed: number, caseNumber = 0): Random {
  let state = mixed((seed ^ mixed(caseNumber + 0x9e3779b9)) >>> 0)
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (end: number): number => Math.floor(next() * end)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
    shuffled: <T>(list: readonly T[]) => {
      const all = [...list]
      for (let at = all.length - 1; at > 0; at -= 1) {
        const other = below(at + 1)
        const held = all[at] as T
        all[at] = all[other] as T
        all[other] = held
      }
      return all
    },
  }
}

function mixed(number: number): number {
  let h = number >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A number from the environment, for replays: `WAYBILL_FUZZ_SEED=7`. */
export function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${name} must be a whole number, got "${text}"`)
  return number
}
