/** Numbers from 0 up to 1, the same for the same seed and purpose: mulberry32, by Tommy Ettinger (public domain). */
export type Random = () => number

export function seededRandom(seed: number, purpose: string): Random {
  let state = seed
  for (const character of purpose) state = Math.imul(state ^ character.charCodeAt(0), 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function pick<T>(random: Random, among: readonly T[]): T {
  return among[Math.floor(random() * among.length)] as T
}
