import { describe, expect, it } from 'vitest'
import { fuzzEvents } from './event-fuzz.ts'
import { numberFrom } from './random.ts'
import { fuzzTokens } from './token-fuzz.ts'

/*
 * A bounded share of `.ci/soak fuzz`. A failure names its case; replay it with WAYBILL_FUZZ_SEED, which is printed.
 */
const seed = numberFrom('WAYBILL_FUZZ_SEED', Date.now() % 1_000_000_000)
const replay = `replay with WAYBILL_FUZZ_SEED=${seed}`

describe('damaged, forged and random texts', () => {
  it('are refused unless the ring sealed them, and never throw', { timeout: 300_000 }, () => {
    const { outcomes, violations } = fuzzTokens(seed, 200_000)
    expect(violations, replay).toEqual([])
    // Each way out is taken: a fuzzer that always fails at the first gate proves nothing about the others.
    const ways = ['malformed', 'unknown_key', 'bad_signature', 'oversize', 'wrong_audience', 'wrong_subject', 'expired']
    expect(Object.keys(outcomes)).toEqual(
      expect.arrayContaining([...ways, 'accepted', 'accepted_signed', 'override_accepted']),
    )
  })
})

describe('damaged events of every carrier', () => {
  it('run their handlers, honour only what was sealed, and never throw', { timeout: 300_000 }, async () => {
    const { outcomes, violations } = await fuzzEvents(seed, 20_000)
    expect(violations, replay).toEqual([])
    expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(['accepted', 'nothing', 'passed_on', 'overridden']))
  })
})
