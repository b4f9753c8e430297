import fc from 'fast-check'
import { isJson, type JsonValue } from '../../src/json.ts'
import { createWaybill, type DecisionInput, type Waybill } from '../../src/waybill.ts'

/** Arbitrary waybills, as odd as `createWaybill` allows. */
const reasons = ['OFF', 'FALLTHROUGH', 'TARGET_MATCH', 'RULE_MATCH', 'ERROR', 'DEFAULT', 'RECALL', 'PROVIDER'] as const

const name = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z][a-z0-9.-]{0,15}$/) },
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((text) => text.isWellFormed()),
  fc.constantFrom('__proto__', 'constructor', '%41', '=', '~', ':', '.'),
)
const value = fc
  .oneof(
    { weight: 3, arbitrary: fc.boolean() },
    fc.constant(null),
    fc.string({ unit: 'binary', maxLength: 24 }).filter((text) => text.isWellFormed()),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.jsonValue({ maxDepth: 3, noUnicodeString: false }),
  )
  .map((one) => JSON.parse(JSON.stringify(one)) as JsonValue)
  .filter((one) => isJson(one))

const NOW = 1_790_000_000

const decision: fc.Arbitrary<DecisionInput> = fc.record({
  flag: name,
  variation: name,
  value,
  version: fc.oneof(fc.nat(200), fc.nat({ max: 999_999_999_999_999 })),
  reason: fc.constantFrom(...reasons),
  decidedAtSeconds: fc.oneof({ weight: 3, arbitrary: fc.constant(NOW) }, fc.integer({ min: 0, max: NOW * 2 })),
  bucketed: fc.boolean(),
  inExperiment: fc.boolean(),
  track: fc.boolean(),
})

const decisions = (maxLength: number): fc.Arbitrary<DecisionInput[]> =>
  fc.uniqueArray(decision, { selector: ({ flag }) => flag, maxLength })

const subject = fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{16}$/), { nil: undefined })

export function waybills(maxLength = 8): fc.Arbitrary<Waybill> {
  return fc
    .tuple(subject, decisions(maxLength))
    .map(([of, all]) => createWaybill({ ...(of === undefined ? {} : { subject: of }), decisions: all }))
}
