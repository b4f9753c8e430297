import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_EVIDENCE, sampleRatioP, strengthOf, withEvents } from '../src/sequential.ts'
import { seeded } from '../src/simulation/random.ts'

const events = fc.record({
  share: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  canary: fc.nat(50),
  control: fc.nat(50),
})

describe('the sequential test', () => {
  it('is the mixture of likelihood ratios, computed by hand', () => {
    // One event at share 1/2, of the canary: r / (r + 1) against 1/2, averaged over the eight ratios.
    const ratios = [1.25, 1.5, 2, 3, 5, 10, 20, 50]
    const byHand = ratios.reduce((sum, r) => sum + r / (r + 1) / 0.5, 0) / ratios.length
    expect(strengthOf(withEvents(NO_EVIDENCE, { share: 0.5, canary: 1, control: 0 }))).toBeCloseTo(byHand, 12)
  })

  it('is one of no evidence before anything happened', () => {
    expect(strengthOf(NO_EVIDENCE)).toBeCloseTo(1, 12)
  })

  it('does not mind in which order or portions events come', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 8 }), (all) => {
        const forwards = all.reduce(withEvents, NO_EVIDENCE)
        const backwards = all.toReversed().reduce(withEvents, NO_EVIDENCE)
        const oneByOne = all
          .flatMap(({ share, canary, control }) => [
            ...Array(canary).fill({ share, canary: 1, control: 0 }),
            ...Array(control).fill({ share, canary: 0, control: 1 }),
          ])
          .reduce(withEvents, NO_EVIDENCE)
        for (const other of [backwards, oneByOne]) {
          for (const [index, log] of forwards.entries()) expect(other[index]).toBeCloseTo(log, 6)
        }
      }),
    )
  })

  it('learns against the canary from its own events, and for it from control’s', () => {
    fc.assert(
      fc.property(events, ({ share, canary, control }) => {
        const before = withEvents(NO_EVIDENCE, { share, canary, control })
        expect(strengthOf(withEvents(before, { share, canary: 1, control: 0 }))).toBeGreaterThan(strengthOf(before))
        expect(strengthOf(withEvents(before, { share, canary: 0, control: 1 }))).toBeLessThan(strengthOf(before))
      }),
    )
  })

  it('learns nothing where there is nothing to compare', () => {
    for (const share of [0, 1, Number.NaN]) {
      expect(withEvents(NO_EVIDENCE, { share, canary: 40, control: 2 })).toEqual(NO_EVIDENCE)
    }
  })

  it('stays finite after millions of events', () => {
    const evidence = withEvents(NO_EVIDENCE, { share: 0.1, canary: 5e6, control: 0 })
    expect(Number.isFinite(strengthOf(evidence))).toBe(true)
  })

  it('crosses its limit in at most alpha of harmless runs, though it is looked at after each event', () => {
    const random = seeded(11)
    const alpha = 0.05
    let crossed = 0
    const runs = 2000
    for (let run = 0; run < runs; run += 1) {
      let evidence = NO_EVIDENCE
      // A ramp: each event at the share of its time.
      for (let event = 0; event < 300; event += 1) {
        const share = [0.01, 0.1, 0.25, 0.5][Math.floor(event / 75)] ?? 0.5
        const canary = random() < share ? 1 : 0
        evidence = withEvents(evidence, { share, canary, control: 1 - canary })
        if (strengthOf(evidence) > 1 / alpha) {
          crossed += 1
          break
        }
      }
    }
    expect(crossed / runs).toBeLessThanOrEqual(alpha)
    expect(crossed).toBeGreaterThan(0)
  })
})

describe('the sample-ratio check', () => {
  it('finds nothing where users fell as decided, over several shares', () => {
    const groups = [
      { share: 0.1, canary: 98, control: 902 },
      { share: 0.5, canary: 251, control: 249 },
    ]
    expect(sampleRatioP(groups)).toBeGreaterThan(0.5)
  })

  it('knows a normal distribution: 1.96 deviations are 5 %', () => {
    const users = 10_000
    const off = Math.round(1.96 * Math.sqrt(users * 0.25))
    expect(sampleRatioP([{ share: 0.5, canary: 5000 + off, control: 5000 - off }])).toBeCloseTo(0.05, 3)
  })

  it('finds a tenth of the canary’s stamps lost', () => {
    expect(sampleRatioP([{ share: 0.5, canary: 900, control: 1100 }])).toBeLessThan(0.001)
  })

  it('says nothing of a handful of users', () => {
    expect(sampleRatioP([{ share: 0.5, canary: 9, control: 0 }])).toBe(1)
    expect(sampleRatioP([])).toBe(1)
  })
})
