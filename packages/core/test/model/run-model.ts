import { seededRandom } from '../fuzz/random.ts'
import { type ChainReport, runChain } from './chain.ts'
import { type Plan, planned } from './plan.ts'
import { smaller } from './shrink.ts'

/** A chain that did not do what the model says. */
export interface Failure {
  /** Its number in the run, by which it is replayed. */
  readonly chain: number
  readonly plan: Plan
  readonly report: ChainReport
}

export interface ModelReport {
  readonly chains: number
  readonly messages: number
  readonly handled: number
  /** What befell them, by code. */
  readonly explained: Readonly<Record<string, number>>
  readonly failures: readonly Failure[]
}

export function planOf(seed: number, chain: number): Plan {
  const own = (Math.imul(seed, 1_000_003) + chain) >>> 0
  return planned(own, seededRandom(own))
}

/** Runs `chains` chains from number `from` on, and stops at the first few that fail. */
export async function runModel(seed: number, chains: number, from = 0, mostFailures = 3): Promise<ModelReport> {
  let [ran, messages, handled] = [0, 0, 0]
  const explained: Record<string, number> = {}
  const failures: Failure[] = []
  for (let chain = from; chain < from + chains && failures.length < mostFailures; chain += 1) {
    const plan = planOf(seed, chain)
    const report = await runChain(plan)
    ran += 1
    messages += report.messages
    handled += report.handled
    for (const [code, by] of report.explained) explained[code] = (explained[code] ?? 0) + by
    if (report.violations.length > 0) failures.push({ chain, plan, report })
  }
  return { chains: ran, messages, handled, explained, failures }
}

/** What a failure comes down to: the smallest chain found that still fails in the same way, and all that it does. */
export async function explanation({ chain, plan, report }: Failure, seed: number): Promise<string> {
  const kind = report.violations[0]?.kind
  const fails = async (one: Plan): Promise<boolean> =>
    (await runChain(one)).violations.some((violation) => violation.kind === kind)
  const small = await smaller(plan, fails)
  const { trace, violations } = await runChain(small, true)
  const functions = small.functions.map(({ name, parent, link, records }) =>
    link === undefined
      ? `${name}: the edge`
      : `${name}: from ${parent} by ${link.transport} (${link.style}), ${records}`,
  )
  return [
    `chain ${chain}, replay with WAYBILL_MODEL_SEED=${seed} .ci/soak model --chain ${chain}`,
    ...violations.slice(0, 5).map((one) => `${one.kind}: ${one.what}`),
    'the smallest chain found:',
    ...functions,
    ...trace.slice(-200),
  ].join('\n')
}
