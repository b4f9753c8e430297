import { expect, it } from 'vitest'
import { numberFrom } from '../fuzz/random.ts'
import { explained, runModel } from './run-model.ts'

/*
 * A bounded share of `.ci/soak model`: call chains of 2 to 8 functions over every carrier, with whatever befalls them in
 * between, beside a model that was written from the rules.
 */
const seed = numberFrom('WAYBILL_MODEL_SEED', Date.now() % 1_000_000_000)

it('every record honours what was sealed for its subject, and every loss is counted', {
  timeout: 120_000,
}, async () => {
  const { chains, handled, failures } = await runModel(seed, 2000, 0, 1)
  const [failure] = failures
  expect(failure === undefined ? 'explained' : await explained(failure, seed)).toBe('explained')
  expect(handled).toBeGreaterThan(chains)
})
