import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/demo/random.ts'

const some = (seed: number, purpose: string) => Array.from({ length: 2000 }, seededRandom(seed, purpose))

describe('seeded random numbers', () => {
  it('repeat for the same seed and purpose, and for no other', () => {
    expect(some(5, 'orders')).toEqual(some(5, 'orders'))
    expect(some(5, 'orders')).not.toEqual(some(6, 'orders'))
    expect(some(5, 'orders')).not.toEqual(some(5, 'weighted alias'))
  })

  it('are spread from 0 up to 1', () => {
    const numbers = some(0, 'orders')
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    const belowATenth = numbers.filter((one) => one < 0.1).length
    expect(belowATenth).toBeGreaterThan(150)
    expect(belowATenth).toBeLessThan(250)
  })
})
