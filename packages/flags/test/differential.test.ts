import { afterAll, beforeAll, expect, it } from 'vitest'
import { compileRuleset } from '../src/ruleset.ts'
import { DEPARTURES } from './differential/departures.ts'
import { generator } from './differential/generate.ts'
import { FALLBACK, type NodeSdk, nodeSdk, outcomeText } from './differential/node-sdk.ts'
import { seededRandom } from './differential/random.ts'
import { type Question, reachable } from './differential/rewrite.ts'

/*
 * Generated flags, segments and contexts, decided here and by LaunchDarkly's own SDK. Where the two differ, the difference
 * must be one of those that `docs/evaluation.md` lists. To run one seed again: WAYBILL_DIFFERENTIAL_SEED=... .
 */
const seed = Number(process.env['WAYBILL_DIFFERENTIAL_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
const wanted = Number(process.env['WAYBILL_DIFFERENTIAL_EVALUATIONS'] ?? 100_000)
const CONTEXTS = 40

let sdk: NodeSdk
beforeAll(async () => {
  sdk = await nodeSdk()
})
afterAll(() => sdk.close())

/** Why Node answers otherwise; `undefined` when nothing that is documented explains it. */
async function explain(question: Question, ours: string): Promise<string | undefined> {
  const answerTo = ({ data, key, context }: Question): Promise<string> => sdk.decide(data, key, context)
  const reached = reachable(question)
  let all = reached
  for (const { name, rewrite } of DEPARTURES) {
    if ((await answerTo(await rewrite(reached, sdk))) === ours) return name
    all = await rewrite(all, sdk)
    if ((await answerTo(all)) === ours) return 'several at once'
  }
  return undefined
}

it(`${wanted} generated evaluations are LaunchDarkly’s, but for the documented differences (seed ${seed})`, async () => {
  const random = seededRandom(seed)
  const { snapshot, context } = generator(random)
  const seen = new Map<string, number>()
  const departed = new Map<string, number>()
  const count = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  let evaluations = 0
  while (evaluations < wanted) {
    const data = snapshot()
    const ruleset = compileRuleset(data)
    for (const { op } of Object.values({ ...data.flags, ...data.segments }).flatMap(
      ({ rules }) => rules?.flatMap(({ clauses }) => clauses ?? []) ?? [],
    )) {
      count(seen, op)
    }
    for (let at = 0; at < CONTEXTS; at += 1) {
      const subject = context()
      for (const key of Object.keys(data.flags)) {
        evaluations += 1
        const { value, variationIndex, reason } = ruleset.decide(key, subject, FALLBACK)
        const ours = outcomeText(value, variationIndex, reason)
        count(seen, reason.kind)
        for (const detail of ['inExperiment', 'bigSegmentsStatus'] as const) if (reason[detail]) count(seen, detail)
        const theirs = await sdk.decide(data, key, subject)
        if (ours === theirs) continue
        const question = { data, key, context: subject }
        const why = await explain(question, ours)
        if (why === undefined) {
          expect.fail(
            `seed ${seed}, evaluation ${evaluations}: ours ${ours}, theirs ${theirs}: ${JSON.stringify(question)}`,
          )
        }
        count(departed, why)
      }
    }
  }
  console.log(
    `Differential run: seed ${seed}, ${evaluations} evaluations`,
    Object.fromEntries([...departed].sort(([, a], [, b]) => b - a)),
  )
  const reached = ['OFF', 'FALLTHROUGH', 'TARGET_MATCH', 'RULE_MATCH', 'PREREQUISITE_FAILED', 'ERROR']
  for (const name of [...reached, 'inExperiment', 'bigSegmentsStatus', ...OPERATORS]) {
    expect(seen.get(name) ?? 0, name).toBeGreaterThan(Math.min(50, wanted / 1000))
  }
}, 120_000)

const OPERATORS = [
  ...['in', 'startsWith', 'endsWith', 'contains', 'matches', 'lessThan', 'lessThanOrEqual', 'greaterThan'],
  ...['greaterThanOrEqual', 'before', 'after', 'semVerEqual', 'semVerLessThan', 'semVerGreaterThan', 'segmentMatch'],
]
