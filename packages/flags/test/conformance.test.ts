import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { EvaluationContext, JsonValue } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import type { FlagData } from '../src/model.ts'
import { compileRuleset } from '../src/ruleset.ts'

/** LaunchDarkly's published test data for SDKs, where it is present: it is not part of this repository. */
const directory =
  process.env['WAYBILL_CONFORMANCE_DIR'] ??
  resolve(import.meta.dirname, '../../../../shared/conformance/launchdarkly-eval')
const file = join(directory, 'ld-eval-cases.json')

interface Case {
  readonly name: string
  readonly flagKey: string
  readonly flags: Readonly<Record<string, FlagData>>
  readonly context: EvaluationContext
  readonly default: JsonValue
  readonly expected: { readonly value: JsonValue; readonly variationIndex?: number; readonly reason: object }
}

/** What this evaluator does not have yet: prerequisites, and every operator but `in`. */
function needsMore({ flags }: Case): boolean {
  return Object.values(flags).some(
    ({ prerequisites = [], rules = [] }) =>
      prerequisites.length > 0 || rules.some(({ clauses = [] }) => clauses.some(({ op }) => op !== 'in')),
  )
}

/** A typed call of an SDK (`boolVariation`), which refuses other kinds: the declared flags do that here. */
const isTyped = ({ expected }: Case): boolean => JSON.stringify(expected.reason).includes('WRONG_TYPE')

if (!existsSync(file))
  console.log(`No conformance data in ${directory}: LaunchDarkly's published cases are passed over`)

describe.skipIf(!existsSync(file))('LaunchDarkly’s published cases', () => {
  const cases: readonly Case[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
  const evaluate = (one: Case): object => {
    const { value, variationIndex, reason } = compileRuleset(one).decide(one.flagKey, one.context, one.default)
    return { value, ...(variationIndex === undefined ? {} : { variationIndex }), reason }
  }
  const ours = cases.filter((one) => !needsMore(one) && !isTyped(one))

  it(`all ${ours.length} of ${cases.length} that need only what is here come out as published`, () => {
    expect(ours.length).toBeGreaterThan(150)
    for (const one of ours) {
      const { variationIndex, ...expected } = one.expected
      const index = typeof variationIndex === 'number' ? { variationIndex } : {}
      expect(evaluate(one), one.name).toEqual({ ...expected, ...index })
    }
  })

  it('no other case gets a wrong answer: it is right, or in error', () => {
    for (const one of cases.filter(needsMore)) {
      const { value, reason } = evaluate(one) as { value: JsonValue; reason: { kind: string } }
      if (reason.kind !== 'ERROR') expect(value, one.name).toEqual(one.expected.value)
    }
  })
})
