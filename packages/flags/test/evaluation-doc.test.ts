import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { EvaluationContext } from '@waybill/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FlagData, SegmentData } from '../src/model.ts'
import { compileRuleset } from '../src/ruleset.ts'
import { DEPARTURES } from './differential/departures.ts'
import { FALLBACK, type NodeSdk, nodeSdk, outcomeText } from './differential/node-sdk.ts'

/** The examples of `docs/evaluation.md` are data: here and by LaunchDarkly's SDK they come out as the page says. */
const page = readFileSync(resolve(import.meta.dirname, '../../../docs/evaluation.md'), 'utf8')
const sections = page.split('\n### ').slice(1)
const examples = sections.flatMap((section) => {
  const title = section.slice(0, section.indexOf('\n'))
  return [...section.matchAll(/```json\n(.*?)```/gs)].map(
    ([, json = '']) => [title, JSON.parse(json) as Example] as const,
  )
})

interface Example {
  readonly flags: Readonly<Record<string, Partial<FlagData>>>
  readonly segments?: Readonly<Record<string, Partial<SegmentData>>>
  readonly context: EvaluationContext
  readonly go: string
  readonly node: string
}

let sdk: NodeSdk
beforeAll(async () => {
  sdk = await nodeSdk()
})
afterAll(() => sdk.close())

describe('what the page says of Go and Node', () => {
  it.each(examples)('%s', async (_title, { flags, segments = {}, context, go, node }) => {
    const defaults = { version: 1, on: true, variations: ['zero', 'one', 'two'], offVariation: 0 }
    const data = {
      flags: Object.fromEntries(
        Object.entries(flags).map(([key, flag]) => [key, { key, ...defaults, fallthrough: { variation: 0 }, ...flag }]),
      ),
      segments: Object.fromEntries(
        Object.entries(segments).map(([key, segment]) => [key, { key, version: 1, ...segment }]),
      ),
    }
    const { value, variationIndex, reason } = compileRuleset(data).decide('f', context, FALLBACK)
    expect(said(outcomeText(value, variationIndex, reason))).toBe(go)
    expect(said(await sdk.decide(data, 'f', context))).toBe(node)
  })

  it('leaves out no difference that generated evaluations may have', () => {
    const titles = sections.map((section) => section.slice(0, section.indexOf('\n')).toLowerCase())
    for (const { name } of DEPARTURES) expect(titles).toContain(name.toLowerCase())
  })
})

/** `one RULE_MATCH`, or `ERROR`. */
function said(outcome: string): string {
  const [value, index, reason] = JSON.parse(outcome) as [string, number | null, [string, string][]]
  const kind = Object.fromEntries(reason)['kind'] ?? ''
  return index === null ? kind : `${value} ${kind}`
}
