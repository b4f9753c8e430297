import type { EvaluationContext, JsonValue } from '@waybill/core'
import { declareFlags } from '@waybill/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compileRuleset } from '../src/ruleset.ts'
import { generator } from './differential/generate.ts'
import { seededRandom } from './differential/random.ts'

const ODD: readonly JsonValue[] = [null, true, -1, 1.5, 1e300, '', '__proto__', [], {}, [null], { key: null }, [[1]]]

/** Puts something odd in the place of some part of a value. */
function spoiled(value: JsonValue, random: ReturnType<typeof seededRandom>): JsonValue {
  if (random.chance(0.03)) return random.pick(ODD)
  if (Array.isArray(value)) return value.map((one: JsonValue) => spoiled(one, random))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spoiled(one, random)]))
}

const good = { key: 'good', version: 1, on: true, variations: [false, true], fallthrough: { variation: 1 } }
const declared = declareFlags({
  f0: { variations: { zero: 'zero', one: 'one' }, default: 'zero' },
  good: { variations: { off: false, on: true }, default: 'off' },
})

it('no data and no context make an evaluation throw, and none takes a neighbour down', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seededRandom(seed)
      const { snapshot, context } = generator(random)
      const { flags, segments } = snapshot()
      const data = {
        flags: { ...(spoiledItems(flags, random) as object), good },
        segments: spoiledItems(segments, random),
      }
      const ruleset = compileRuleset(data as never)
      for (let at = 0; at < 5; at += 1) {
        const subject = context()
        expect(ruleset.decide('good', subject, null).value).toBe(true)
        for (const { reason } of ruleset
          .decideAll(spoiled(subject as JsonValue, random) as EvaluationContext)
          .values()) {
          expect(typeof reason.kind).toBe('string')
        }
        expect(ruleset.answer(subject, declared.all).decisions[1]).toMatchObject({ value: true })
      }
    }),
    { numRuns: 1500 },
  )
}, 60_000)

function spoiledItems(items: object, random: ReturnType<typeof seededRandom>): JsonValue {
  return Object.fromEntries(Object.entries(items).map(([key, item]) => [key, spoiled(item, random)]))
}
