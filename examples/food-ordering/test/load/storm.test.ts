import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/demo/random.ts'
import { FAULT_KINDS } from '../../src/load/faults.ts'
import { drawStorm } from '../../src/load/storm.ts'

const breakables = {
  dynamodb: { outages: ['kill', 'cut', 'hang'] },
  kinesis: { outages: ['kill', 'cut', 'hang'] },
  eventbridge: { outages: ['cut', 'hang'] },
} as const

const drawn = (seed: number, durationMs = 60_000) =>
  drawStorm({
    random: seededRandom(seed, 'storm'),
    durationMs,
    breakables,
    functionNames: ['place-order', 'loyalty'],
    downMs: [100, 900],
    upMs: [200, 1000],
    faultEveryMs: [100, 500],
  })

describe('a storm', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(drawn(1)).toEqual(drawn(1))
    expect(drawn(1)).not.toEqual(drawn(2))
  })

  it('kills each engine that can be killed before it draws freely, and does all there is in time', () => {
    const first = drawn(3, 4_000).engines.slice(0, 2)
    expect(new Set(first.map(({ engine, outage }) => `${outage} ${engine}`))).toEqual(
      new Set(['kill dynamodb', 'kill kinesis']),
    )
    const { engines, functions } = drawn(3)
    expect(new Set(engines.map(({ engine, outage }) => `${outage} ${engine}`)).size).toBe(8)
    expect(new Set(functions.slice(0, FAULT_KINDS.length).map(({ fault }) => fault.kind)).size).toBe(FAULT_KINDS.length)
  })

  it('breaks one engine at a time, and leaves time in between', () => {
    const { engines } = drawn(4)
    expect(engines.length).toBeGreaterThan(20)
    for (const [index, { atMs }] of engines.entries()) {
      const before = engines[index - 1]
      if (before !== undefined) expect(atMs - before.atMs - before.forMs).toBeGreaterThanOrEqual(200)
    }
  })
})
