import { expect, it } from 'vitest'
import { numberFrom } from '../fuzz/random.ts'
import { explanation, runModel } from './run-model.ts'

/*
 * A bounded share of `.ci/soak model`: call chains of 2 to 8 functions over every carrier, with whatever befalls them in
 * between, beside a model that was written from the rules.
 */
const seed = numberFrom('WAYBILL_MODEL_SEED', Date.now() % 1_000_000_000)

const BEFALLS = `
  no_subject source_unavailable source_failed source_stale flag_not_found wrong_type undeclared_variation
  inbound_discarded merge_conflict overridden pinned pin_failed
  no_token bad_signature unknown_key no_keys wrong_subject unknown_format old_stamp
  undecided refused dropped value_unresolved recalled expired expired_kept reevaluated never_read no_scope
  shed no_room attributes_full uncarried not_targeted named_execution already_stamped
`.match(/\w+/g)

it('every record honours what was sealed for its subject, and every loss is counted', {
  timeout: 300_000,
}, async () => {
  const { chains, handled, explained, failures } = await runModel(seed, 2000, 0, 1)
  const [failure] = failures
  expect(failure === undefined ? 'explained' : await explanation(failure, seed)).toBe('explained')
  expect(handled).toBeGreaterThan(chains)
  // What never happens is not tested: each of these befell some chain.
  for (const code of BEFALLS ?? []) expect(explained, code).toHaveProperty(code)
})
