import { expect, test } from 'vitest'
import { percentile } from '../../src/demo/percentile.ts'

const oneTo = (last: number) => Array.from({ length: last }, (_, index) => ((index * 37) % last) + 1)

test.each([
  [95, oneTo(200), 190],
  [95, oneTo(20), 19],
  [95, oneTo(21), 20],
  [95, [30, 10, 20], 30],
  [95, [7], 7],
  // 0.07 * 100 is more than 7 in floating point.
  [7, oneTo(100), 7],
])('p%i is the smallest sample that so many percent do not exceed', (percent, samples, expected) => {
  expect(percentile(samples, percent)).toBe(expected)
})

test('numbers are sorted as numbers, and the samples left alone', () => {
  const samples = [9, 100, 20]
  expect(percentile(samples, 50)).toBe(20)
  expect(samples).toEqual([9, 100, 20])
})

test('without samples it is 0', () => {
  expect(percentile([], 95)).toBe(0)
})
