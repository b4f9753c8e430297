import { describe, expect, test } from 'vitest'
import { COUNTS } from '../src/counts.ts'
import { addCounts, type CountCode, Ledger, warnOfLosses } from '../src/ledger.ts'
import { vectors } from './vectors/format-1.ts'

describe('a ledger', () => {
  test('adds up by code, and forgets what was drained', () => {
    const ledger = new Ledger()
    ledger.count('shed', 3)
    ledger.count('shed')
    ledger.count('no_token')
    expect(ledger.drain()).toEqual(
      new Map([
        ['shed', 4],
        ['no_token', 1],
      ]),
    )
    expect(ledger.drain().size).toBe(0)
  })

  test('does not change what it handed out', () => {
    const ledger = new Ledger()
    ledger.count('shed')
    const drained = ledger.drain()
    ledger.count('shed', 5)
    expect(drained).toEqual(new Map([['shed', 1]]))
  })

  test('of one function is not that of another', () => {
    const [a, b] = [new Ledger(), new Ledger()]
    a.count('expired')
    expect(b.drain().size).toBe(0)
  })
})

test('counts of two places are added without changing either', () => {
  const a = new Map<CountCode, number>([['shed', 1]])
  const b = new Map<CountCode, number>([
    ['shed', 2],
    ['expired', 1],
  ])
  expect(addCounts(a, b)).toEqual(
    new Map([
      ['shed', 3],
      ['expired', 1],
    ]),
  )
  expect([a.get('shed'), b.get('shed')]).toEqual([1, 2])
})

describe('the table of codes', () => {
  test('says of each in a sentence what it means', () => {
    for (const [code, [severity, meaning]] of Object.entries(COUNTS)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
      expect(['loss', 'note']).toContain(severity)
      expect(meaning.length).toBeGreaterThan(10)
    }
  })

  test('has every refusal of a token', () => {
    for (const { refusal } of vectors.refused) expect(COUNTS).toHaveProperty(refusal)
    expect(COUNTS).toHaveProperty('duplicate')
  })
})

test('losses are said once for each code, and notes never', () => {
  const lines: string[] = []
  const counts = new Map<CountCode, number>([
    ['no_room', 2],
    ['no_token', 9],
    ['uncarried', 1],
  ])
  warnOfLosses(counts, (line) => lines.push(line))
  warnOfLosses(counts, (line) => lines.push(line))
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'WARN', code: 'no_room', hint: expect.stringContaining('COUNTS.no_room') }),
    expect.objectContaining({ level: 'WARN', code: 'uncarried' }),
  ])
})
