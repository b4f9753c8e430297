import { canonicalKey, type EvaluationContext } from '@waybill/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hasSubject } from '../src/context.ts'

it('a context has a subject just when it has a canonical key', () => {
  const key = fc.constantFrom('', 'u', 'a:b', 5, null, undefined)
  const kind = fc.constantFrom('user', 'org', 'multi', 'kind', '', 'b ad', 'ü', 7, null, undefined)
  const part = fc.oneof(fc.record({ key }, { requiredKeys: [] }), fc.constantFrom(null, 'u', 5))
  const single = fc.record({ kind, key }, { requiredKeys: [] })
  const multi = fc
    .dictionary(fc.constantFrom('user', 'org', 'kind', 'multi', 'b ad', ''), part)
    .map((parts) => ({ ...parts, kind: 'multi' }))
  const anything = fc.oneof(single, multi, fc.constantFrom(undefined, null, 'u', [], {}))
  fc.assert(
    fc.property(anything, (context) => {
      const given = context as EvaluationContext
      expect([given, hasSubject(given)]).toEqual([given, canonicalKey(given) !== undefined])
    }),
    { numRuns: 3000 },
  )
})
