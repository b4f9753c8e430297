import type { EvaluationContext } from '@waybill/core'
import { compileRuleset } from '@waybill/flags'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { explain } from '../src/explain.ts'

it('the bucket that is told is the one that decided: for any seed, salt, attribute and weights', () => {
  const weight = fc.integer({ min: 1, max: 50_000 })
  const rollout = fc.record({
    variations: fc.tuple(weight, weight).map(([first, second]) => [
      { variation: 0, weight: first },
      { variation: 1, weight: second },
      { variation: 2, weight: 100_000 - first - second },
    ]),
    seed: fc.option(fc.integer(), { nil: undefined }),
    bucketBy: fc.constantFrom(undefined, 'key', 'team', '/address/city', 'absent'),
    contextKind: fc.constantFrom(undefined, 'user', 'org'),
    kind: fc.constantFrom('rollout' as const, 'experiment' as const),
  })
  const context = fc.record({
    key: fc.string({ minLength: 1 }),
    team: fc.oneof(fc.string(), fc.integer()),
    city: fc.string(),
  })
  fc.assert(
    fc.property(rollout, fc.string(), context, fc.boolean(), (rolled, salt, { key, team, city }, multi) => {
      const part = { key, team, address: { city } }
      const who: EvaluationContext = multi ? { kind: 'multi', user: part, org: { ...part, key: `${key}x` } } : part
      const clean = JSON.parse(JSON.stringify(rolled)) as typeof rolled
      const flag = {
        key: 'f',
        version: 1,
        on: true,
        salt,
        variations: ['a', 'b', 'c'],
        fallthrough: { rollout: clean },
      }
      const ruleset = compileRuleset({ flags: { f: flag } } as never)
      const evaluation = ruleset.decide('f', who, null)
      const { sentences } = explain(flag as never, who, evaluation, ruleset)
      expect(sentences.at(-1)).toMatch(new RegExp(`(below|within) the [0-9.]+ % of ${evaluation.value}\\.$`))
    }),
  )
})
