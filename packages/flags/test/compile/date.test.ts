import { expect, it } from 'vitest'
import { compareMoments, parseMoment } from '../../src/compile/date.ts'

const at = (value: string | number) => parseMoment(value) ?? expect.fail(`${value} is no date`)

it('a moment is told to the nanosecond, wherever its clock stands', () => {
  const noon = '2024-02-29T12:00:00Z'
  expect(compareMoments(at(noon), at(Date.UTC(2024, 1, 29, 12)))).toBe(0)
  expect(compareMoments(at(noon), at('2024-02-29T14:00:00+02:00'))).toBe(0)
  expect(compareMoments(at(noon), at('2024-02-29T12:00:00.000000001Z'))).toBeLessThan(0)
  expect(compareMoments(at('1969-12-31T23:59:59.9999Z'), at(0))).toBeLessThan(0)
  expect(at('0001-01-01T00:00:00Z').ms).toBe(-62135596800000)
})

it.each([
  ['2024-02-29'],
  ['2024-02-29T12:00:00'],
  ['2024-02-29T12:00:00Z '],
  ['2024-02-29T12:00:00+02:60'],
  [true],
  [null],
])('%j is no moment', (value) => {
  expect(parseMoment(value)).toBeUndefined()
})
