import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { EvaluationContext, JsonValue } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import type { FlagData, SegmentData } from '../src/model.ts'
import { compileRuleset, type ValueType } from '../src/ruleset.ts'

/** LaunchDarkly's published test data for SDKs, where it is present: it is not part of this repository. */
const directory =
  process.env['WAYBILL_CONFORMANCE_DIR'] ??
  resolve(import.meta.dirname, '../../../../shared/conformance/launchdarkly-eval')
const file = join(directory, 'ld-eval-cases.json')

interface Case {
  readonly name: string
  readonly flagKey: string
  readonly flags: Readonly<Record<string, FlagData>>
  readonly segments: Readonly<Record<string, SegmentData>>
  readonly context: EvaluationContext
  /** The same subject as an SDK of before there were kinds would describe it. */
  readonly legacyUser?: EvaluationContext
  readonly valueType: 'any' | 'bool' | 'double' | 'int' | 'string'
  readonly default: JsonValue
  readonly expected: { readonly value: JsonValue; readonly variationIndex?: number; readonly reason: object }
}

if (!existsSync(file))
  console.log(`No conformance data in ${directory}: LaunchDarkly's published cases are passed over`)

const types: Readonly<Record<Case['valueType'], ValueType | undefined>> = {
  any: undefined,
  bool: 'boolean',
  double: 'number',
  int: 'number',
  string: 'string',
}

describe.skipIf(!existsSync(file))('LaunchDarkly’s published cases', () => {
  const cases: readonly Case[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
  const evaluate = (one: Case, context: EvaluationContext): object => {
    const evaluation = compileRuleset(one).decide(one.flagKey, context, one.default, types[one.valueType])
    const { value, variationIndex = null, reason } = evaluation
    return { value, variationIndex, reason }
  }

  it(`all ${cases.length} come out as published`, () => {
    expect(cases.length).toBe(728)
    for (const one of cases) {
      expect(evaluate(one, one.context), one.name).toEqual({ variationIndex: null, ...one.expected })
    }
  })

  it('also for users as they were described before there were kinds', () => {
    // Such a user could have an empty key; here nobody is without a key.
    const users = cases.filter(({ legacyUser }) => legacyUser !== undefined && legacyUser.key !== '')
    expect(users.length).toBeGreaterThan(100)
    for (const one of users) {
      expect(evaluate(one, one.legacyUser as EvaluationContext), one.name).toEqual({
        variationIndex: null,
        ...one.expected,
      })
    }
  })
})
